package dev.sluice.limits.redis;

import dev.sluice.limits.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The keys and arguments of {@code admit.lua} for a batch of requests, and what its answer means. */
final class AdmitCommand {
    private final String prefix;
    private final long redisMillis;
    /** Where the id begins in the key of a record, from 1. */
    private int idBegins = 1;

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
        private final long begins;
        private final long ends;
        private final int[] limits;
        private final int[] counters;
        private final long[] reserves;

        private Request(long recordMillis, long begins, long ends, int k) {
            this.recordMillis = recordMillis;
            this.begins = begins;
            this.ends = ends;
            limits = new int[k];
            counters = new int[k];
            reserves = new long[k];
        }
    }

    /** @param redisMillis what time it is in Redis, which chooses the windows */
    AdmitCommand(String prefix, long redisMillis) {
        this.prefix = prefix;
        this.redisMillis = redisMillis;
    }

    /**
     * Adds a request that takes what it is admitted to.
     *
     * @param begins when the windows begin of what it has by lease; 0 if it has none
     * @param ends when the first of them ends
     */
    void add(Holding holding, long begins, long ends) {
        add(holding, holding.part.recordMillis, begins, ends);
    }

    /** Adds a request that takes nothing. */
    void inspect(Holding holding) {
        add(holding, 0, 0, 0);
    }

    private void add(Holding holding, long recordMillis, long begins, long ends) {
        String recordPrefix = Keys.recordPrefix(prefix, holding.tag);
        idBegins = recordPrefix.length() + 1;
        records.add(Keys.bytes(recordPrefix + holding.id));
        int k = holding.part.limits.size();
        Request request = new Request(recordMillis, begins, ends, k);
        requests.add(request);
        List<Charge> charges = new ArrayList<>(k);
        for (int i = 0; i < k; i++) {
            CompiledLimit limit = holding.part.limits.get(i);
            Window window = limit.windowAt(redisMillis);
            String key = limit.key(holding.subject, window);
            request.limits[i] = limitNumber(limit, window);
            request.counters[i] = counterNumber(limit, key);
            request.reserves[i] = holding.reservation.of(limit.limit);
            charges.add(new Charge(limit, key, window, request.reserves[i]));
        }
        holding.charges = charges;
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
        head.add(idBegins);
        head.add(limitNumbers.size());
        MessagePack.Writer tail = new MessagePack.Writer();
        for (Request request : requests) {
            tail.add(request.recordMillis);
            tail.add(request.begins);
            tail.add(request.ends);
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
