package dev.sluice.limits.redis;

import dev.sluice.limits.Window;
import dev.sluice.limits.redis.PartReservation.Charge;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/** The keys and arguments of {@code admit.lua} for a batch of requests, and what its answer means. */
final class AdmitCommand {
    private final ScriptCommand command;
    private final long redisMillis;
    private final IdentityHashMap<CompiledLimit, Integer> limitNumbers = new IdentityHashMap<>();
    private final MessagePack.Writer limits = new MessagePack.Writer();
    private final List<Request> requests = new ArrayList<>();

    private static final class Request {
        private final long recordMillis;
        private final long begins;
        private final long ends;
        private final int home;
        private final int[] limits;
        private final int[] values;
        private final long[] reserves;

        private Request(long recordMillis, long begins, long ends, int home, int k) {
            this.recordMillis = recordMillis;
            this.begins = begins;
            this.ends = ends;
            this.home = home;
            limits = new int[k];
            values = new int[k];
            reserves = new long[k];
        }
    }

    /** @param redisMillis what time it is in Redis, which chooses the windows */
    AdmitCommand(String prefix, long redisMillis) {
        command = new ScriptCommand(prefix);
        this.redisMillis = redisMillis;
    }

    /**
     * Adds a request that takes what it is admitted to.
     *
     * @param begins when the windows begin of what it has by lease; 0 if it has none
     * @param ends when the first of them ends
     */
    void add(PartReservation reserved, long begins, long ends) {
        add(reserved, reserved.part.recordMillis, begins, ends);
    }

    /** Adds a request that takes nothing. */
    void inspect(PartReservation reserved) {
        add(reserved, 0, 0, 0);
    }

    private void add(PartReservation reserved, long recordMillis, long begins, long ends) {
        command.add(reserved);
        int k = reserved.part.limits.size();
        Request request = new Request(recordMillis, begins, ends, reserved.part.home, k);
        requests.add(request);
        List<Charge> charges = new ArrayList<>(k);
        for (int i = 0; i < k; i++) {
            CompiledLimit limit = reserved.part.limits.get(i);
            int first = reserved.part.firstOfValue[i];
            String value = first < i ? charges.get(first).value() : limit.value(reserved.subject);
            Window window = limit.windowAt(redisMillis);
            request.limits[i] = limitNumber(limit);
            request.values[i] = first < i ? request.values[first] : command.value(value);
            request.reserves[i] = reserved.reservation.of(limit.limit);
            charges.add(new Charge(limit, value, window, request.reserves[i]));
        }
        reserved.charges = charges;
    }

    private int limitNumber(CompiledLimit limit) {
        Integer known = limitNumbers.get(limit);
        if (known != null) {
            return known;
        }
        Window window = limit.windowAt(redisMillis);
        limit.describe(window, limits);
        int number = command.addName(limit.counter(window));
        limitNumbers.put(limit, number);
        return number;
    }

    byte[][] keys() {
        return command.keys();
    }

    byte[][] arguments() {
        MessagePack.Writer head = new MessagePack.Writer();
        head.add(requests.size());
        head.add(limitNumbers.size());
        MessagePack.Writer tail = new MessagePack.Writer();
        for (Request request : requests) {
            tail.add(request.recordMillis);
            tail.add(request.begins);
            tail.add(request.ends);
            tail.add(request.values[request.home]);
            tail.add(request.limits.length);
            for (int i = 0; i < request.limits.length; i++) {
                tail.add(request.limits[i]);
                tail.add(request.values[i]);
                tail.add(request.reserves[i]);
            }
        }
        return command.arguments(MessagePack.Writer.array(head, limits, tail));
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
