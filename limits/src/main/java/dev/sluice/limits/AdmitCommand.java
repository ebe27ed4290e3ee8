package dev.sluice.limits;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The keys and arguments of {@code admit.lua} for a batch of requests, and what its answer means. */
final class AdmitCommand {
    private final String prefix;
    private final long redisMillis;
    private final List<byte[]> records = new ArrayList<>();
    private final List<byte[]> requests = new ArrayList<>();
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<Counter> counters = new ArrayList<>();
    private final List<Integer> widths = new ArrayList<>();

    /** What requests of one batch may share. */
    private record Counter(
            ScriptLimit limit, String key, @Nullable Window window) {}

    /** @param redisMillis what time it is in Redis, which chooses the windows */
    AdmitCommand(String prefix, long redisMillis) {
        this.prefix = prefix;
        this.redisMillis = redisMillis;
    }

    /** Adds a request that takes what it is admitted to, and answers where. */
    List<Admission.Place> add(
            String id, long recordMillis, List<ScriptLimit> limits, Subject subject, Reservation reservation) {
        records.add((prefix + "req:" + id).getBytes(UTF_8));
        requests.add(id.getBytes(UTF_8));
        requests.add(ScriptLimit.bytes(recordMillis));
        requests.add(ScriptLimit.bytes(limits.size()));
        List<Admission.Place> places = new ArrayList<>(limits.size());
        for (ScriptLimit limit : limits) {
            Window window = limit.windowAt(redisMillis);
            String key = limit.key(subject, window);
            Integer number = numbers.get(key);
            if (number == null) {
                counters.add(new Counter(limit, key, window));
                number = counters.size();
                numbers.put(key, number);
            }
            long reserve = reservation.of(limit.limit);
            requests.add(ScriptLimit.bytes(number));
            requests.add(reserve == limit.limit.reserve() ? limit.reserve() : ScriptLimit.bytes(reserve));
            places.add(new Admission.Place(limit, key, window, reserve));
        }
        widths.add(limits.size());
        return places;
    }

    /** Adds a look that takes nothing. */
    void look(List<ScriptLimit> limits, Subject subject) {
        add("-", 0, limits, subject, Reservation.ofTheLimits());
    }

    List<byte[]> keys() {
        List<byte[]> keys = new ArrayList<>(records.size() + counters.size());
        keys.addAll(records);
        for (Counter counter : counters) {
            if (counter.limit().kind != ScriptLimit.SLOTS) {
                keys.add(counter.key().getBytes(UTF_8));
            }
        }
        for (Counter counter : counters) {
            if (counter.limit().kind == ScriptLimit.SLOTS) {
                keys.add(counter.key().getBytes(UTF_8));
            }
        }
        return keys;
    }

    List<byte[]> arguments() {
        int slots = 0;
        for (Counter counter : counters) {
            slots += counter.limit().kind == ScriptLimit.SLOTS ? 1 : 0;
        }
        int strings = records.size() + counters.size() - slots;
        List<byte[]> arguments = new ArrayList<>(3 + counters.size() * 6 + requests.size());
        arguments.add(ScriptLimit.bytes(records.size()));
        arguments.add(ScriptLimit.bytes(counters.size()));
        arguments.add(ScriptLimit.bytes(strings));
        int nextString = records.size() + 1;
        int nextSlots = strings + 1;
        for (Counter counter : counters) {
            int key = counter.limit().kind == ScriptLimit.SLOTS ? nextSlots++ : nextString++;
            counter.limit().describe(key, counter.window(), arguments);
        }
        arguments.addAll(requests);
        return arguments;
    }

    /** What time it was in Redis. */
    static long redisMillis(List<?> answer) {
        return (Long) answer.getFirst();
    }

    /** One verdict for each request, in the order in which they were added. */
    List<Verdict> verdicts(List<?> answer) {
        List<Verdict> verdicts = new ArrayList<>(widths.size());
        int at = 1;
        for (int width : widths) {
            Code code = CODES[((Long) answer.get(at)).intValue()];
            verdicts.add(new Verdict(code, answer.subList(at + 1, at + 1 + 3 * width)));
            at += 1 + 3 * width;
        }
        if (at != answer.size()) {
            throw new IllegalStateException("answer: " + answer.size() + " numbers (expected: " + at + ")");
        }
        return verdicts;
    }

    private static final Code[] CODES = Code.values();

    /** In the script's order. */
    enum Code {
        REFUSED,
        ADMITTED,
        /** The windows are those of another time than Redis has. */
        NOT_NOW,
        /** The request has ended already. */
        SETTLED
    }

    /** The script's word on one request, and three figures for each of its limits. */
    record Verdict(Code code, List<?> figures) {

        Standing standing(int i, Limit limit) {
            return new Standing(
                    limit.name(),
                    limit.capacity(),
                    Math.min(figure(3 * i), limit.capacity()),
                    Duration.ofMillis(figure(3 * i + 1)));
        }

        /** Zero if the limit has room. */
        long retryAfterMillis(int i) {
            return figure(3 * i + 2);
        }

        private long figure(int i) {
            return (Long) figures.get(i);
        }
    }
}
