package dev.sluice.limits.redis;

import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The keys and arguments of {@code admit.lua} for a batch of requests, and what its answer means. */
final class AdmitCommand {
    private final String recordPrefix;
    private final long redisMillis;
    private final List<byte[]> records = new ArrayList<>();
    private final List<byte[]> strings = new ArrayList<>();
    private final List<byte[]> sets = new ArrayList<>();
    private final IdentityHashMap<CompiledLimit, Integer> limitNumbers = new IdentityHashMap<>();
    private final Map<String, Integer> counterNumbers = new HashMap<>();
    private final MessagePack.Writer limits = new MessagePack.Writer();
    private final List<Request> requests = new ArrayList<>();

    /** Counters are numbered from 1 within the strings, and from -1 downwards within the sorted sets. */
    private static final class Request {
        private final long recordMillis;
        private final int[] limits;
        private final int[] counters;
        private final long[] reserves;

        private Request(long recordMillis, int k) {
            this.recordMillis = recordMillis;
            limits = new int[k];
            counters = new int[k];
            reserves = new long[k];
        }
    }

    /** @param redisMillis what time it is in Redis, which chooses the windows */
    AdmitCommand(String prefix, long redisMillis) {
        this.recordPrefix = prefix + Keys.RECORD;
        this.redisMillis = redisMillis;
    }

    /** Adds a request that takes what it is admitted to, and returns what can be corrected afterwards. */
    List<Charge> add(String id, CompiledPolicy policy, Subject subject, Reservation reservation) {
        return add(id, policy.recordMillis, policy, subject, reservation);
    }

    /** Adds a request that takes nothing. */
    void inspect(CompiledPolicy policy, Subject subject) {
        add("-", 0, policy, subject, Reservation.ofTheLimits());
    }

    private List<Charge> add(
            String id, long recordMillis, CompiledPolicy policy, Subject subject, Reservation reservation) {
        records.add(Keys.bytes(recordPrefix + id));
        int k = policy.limits.size();
        Request request = new Request(recordMillis, k);
        requests.add(request);
        List<Charge> charges = new ArrayList<>(k);
        for (int i = 0; i < k; i++) {
            CompiledLimit limit = policy.limits.get(i);
            Window window = limit.windowAt(redisMillis);
            String key = limit.key(subject, window);
            request.limits[i] = limitNumber(limit, window);
            request.counters[i] = counterNumber(limit, key);
            request.reserves[i] = reservation.of(limit.limit);
            charges.add(new Charge(limit, key, window, request.reserves[i]));
        }
        return charges;
    }

    private int limitNumber(CompiledLimit limit, @Nullable Window window) {
        Integer known = limitNumbers.get(limit);
        if (known != null) {
            return known;
        }
        limit.describe(window, limits);
        int number = limitNumbers.size() + 1;
        limitNumbers.put(limit, number);
        return number;
    }

    private int counterNumber(CompiledLimit limit, String key) {
        Integer known = counterNumbers.get(key);
        if (known != null) {
            return known;
        }
        boolean isSet = limit.kind == CompiledLimit.CONCURRENCY;
        List<byte[]> keys = isSet ? sets : strings;
        keys.add(Keys.bytes(key));
        int number = isSet ? -keys.size() : keys.size();
        counterNumbers.put(key, number);
        return number;
    }

    byte[][] keys() {
        byte[][] keys = new byte[records.size() + strings.size() + sets.size()][];
        int at = 0;
        for (List<byte[]> some : List.of(records, strings, sets)) {
            for (byte[] key : some) {
                keys[at++] = key;
            }
        }
        return keys;
    }

    byte[] arguments() {
        MessagePack.Writer head = new MessagePack.Writer();
        head.add(records.size());
        head.add(records.size() + strings.size());
        head.add(recordPrefix.length() + 1);
        head.add(limitNumbers.size());
        MessagePack.Writer tail = new MessagePack.Writer();
        for (Request request : requests) {
            tail.add(request.recordMillis);
            tail.add(request.limits.length);
            for (int i = 0; i < request.limits.length; i++) {
                int counter = request.counters[i];
                tail.add(request.limits[i]);
                tail.add(counter > 0 ? counter : strings.size() - counter);
                tail.add(request.reserves[i]);
            }
        }
        return MessagePack.Writer.array(head, limits, tail);
    }

    /** What the script says about the batch. */
    Verdicts verdicts(byte[] answer) {
        MessagePack.Reader numbers = new MessagePack.Reader(answer);
        long now = numbers.next();
        List<Verdict> verdicts = new ArrayList<>(requests.size());
        for (Request request : requests) {
            Verdict.Code code = CODES[(int) numbers.next()];
            long[] figures = new long[3 * request.limits.length];
            for (int i = 0; i < figures.length; i++) {
                figures[i] = numbers.next();
            }
            verdicts.add(new Verdict(code, figures));
        }
        if (numbers.left() != 0) {
            throw new IllegalStateException("answer: " + numbers.left() + " numbers too many");
        }
        return new Verdicts(now, verdicts);
    }

    private static final Verdict.Code[] CODES = Verdict.Code.values();

    /**
     * The script's answer.
     *
     * @param redisMillis what time it was in Redis
     * @param requests one verdict for each request, in the order in which they were added
     */
    record Verdicts(long redisMillis, List<Verdict> requests) {}
}
