package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A value as {@code value.lua} describes it.
 *
 * @param counters by their names
 * @param open when the records end of requests that run, by the hashes of their ids
 * @param settled the same of requests that have ended
 */
record StoredValue(Map<String, Counter> counters, Map<Long, Long> open, Map<Long, Long> settled) {

    /** @param amount missing or used; leases when they end, by the hashes of the requests' ids */
    record Counter(long amount, Map<Long, Long> leases) {}

    static StoredValue of(String latin) {
        ByteBuffer bytes = ByteBuffer.wrap(latin.getBytes(ISO_8859_1)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] names = new byte[bytes.getShort()];
        bytes.get(names);
        List<String> list = Stream.of(new String(names, ISO_8859_1).split(" "))
                .filter(name -> !name.isEmpty())
                .toList();
        long[] head = numbers(bytes, 4);
        Map<String, Long> amounts = new LinkedHashMap<>();
        for (String name : list) {
            amounts.put(name, numbers(bytes, 3)[0]);
        }
        Map<String, Counter> counters = new LinkedHashMap<>();
        amounts.forEach((name, amount) ->
                counters.put(name, new Counter(amount, name.startsWith("lock:") ? entries(bytes, amount) : Map.of())));
        StoredValue value = new StoredValue(counters, entries(bytes, head[2]), entries(bytes, head[3]));
        if (bytes.hasRemaining()) {
            throw new AssertionError(bytes.remaining() + " bytes too many");
        }
        return value;
    }

    private static long[] numbers(ByteBuffer bytes, int count) {
        long[] numbers = new long[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (long) bytes.getDouble();
        }
        return numbers;
    }

    private static Map<Long, Long> entries(ByteBuffer bytes, long size) {
        Map<Long, Long> entries = new HashMap<>();
        for (int i = 0; i < size / 16; i++) {
            entries.put(bytes.getLong(), (long) bytes.getDouble());
        }
        return entries;
    }
}
