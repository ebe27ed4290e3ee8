package dev.sluice.limits.redis;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Mode;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.Window;
import dev.sluice.limits.redis.PartReservation.Charge;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the scripts should do, in plain words of Java: one request after another, no batches, no reduced fractions. */
final class ModelLimits {
    static final long SETTLED_FOR = 10_000;
    private static final long HOUR = 3_600_000;

    private final Map<String, Counter> counters = new HashMap<>();
    private final Map<String, Known> records = new HashMap<>();
    /** The values that got another counter, and drop those that have ended when they are written. */
    private final Set<String> grown = new HashSet<>();

    private long latest;

    /** @param before when the last one ended that the request had before */
    private record Known(boolean isSettled, long ends, long before) {}

    /** The code of a verdict, and remaining, resets in and retry after of each limit. */
    record Expected(Verdict.Code code, List<Long> figures) {}

    /** A bucket counts its lack in parts of which {@code period} make a token; a window its units. */
    private static final class Counter {
        private long amount;
        private long at;
        /** When it is forgotten, if its value gets another counter then; 0 if it was never written. */
        private long ends;

        private boolean isWritten;
        private final Map<String, Long> leases = new HashMap<>();

        private Counter copy() {
            Counter copy = new Counter();
            copy.amount = amount;
            copy.at = at;
            copy.ends = ends;
            copy.isWritten = isWritten;
            copy.leases.putAll(leases);
            return copy;
        }
    }

    /** As it is now, whatever comes after. */
    ModelLimits copy() {
        ModelLimits copy = new ModelLimits();
        counters.forEach((key, counter) -> copy.counters.put(key, counter.copy()));
        copy.records.putAll(records);
        copy.latest = latest;
        return copy;
    }

    /** The server loads a counter: what lies in its future was written before its clock was set back. */
    private void load(Charge charge, long now) {
        Counter counter = counters.computeIfAbsent(key(charge), _ -> new Counter());
        switch (charge.limit().limit) {
            case TokenBucket bucket -> {
                if (counter.at > now) {
                    counter.at = now;
                    counter.ends = now + Math.ceilDiv(counter.amount, bucket.tokens());
                }
            }
            case ConcurrencyLimit concurrency -> {
                long latest = now + concurrency.lease().toMillis();
                if (counter.leases.values().stream().anyMatch(end -> end > latest)) {
                    counter.leases.values().removeIf(end -> end <= now);
                    counter.leases.replaceAll((_, end) -> Math.min(end, latest));
                    counter.ends = latest;
                }
            }
            case CalendarQuota _, Budget _ -> {}
        }
    }

    private static boolean isNow(List<Charge> charges, long now) {
        return charges.stream()
                .map(Charge::window)
                .allMatch(window -> window == null || (window.start() <= now && now < window.end()));
    }

    private static String key(Charge charge) {
        return charge.value() + ' ' + charge.counter();
    }

    private @Nullable Known record(String id, long now) {
        latest = Math.max(latest, now);
        Known record = records.get(id);
        return record == null || record.ends <= now ? null : record;
    }

    private void record(String id, boolean isSettled, long ends) {
        Known before = records.get(id);
        records.put(id, new Known(isSettled, ends, before == null ? 0 : Math.max(before.ends, before.before)));
    }

    /** Whether a record that has ended may come back now that the clock was set back: then nobody can tell. */
    boolean isCertain(String id, long now) {
        Known record = records.get(id);
        return record == null
                || ((record.ends > latest || record.ends <= now) && (record.isSettled || record.before <= now));
    }

    /** A batch is over: what has ended in a value goes when the value has got another counter. */
    void written(long now) {
        counters.entrySet()
                .removeIf(counter -> counter.getValue().isWritten
                        && counter.getValue().ends <= now
                        && grown.contains(
                                counter.getKey().substring(0, counter.getKey().indexOf(' '))));
        grown.clear();
    }

    private void write(Charge charge, Counter counter, long now) {
        if (!counter.isWritten) {
            counter.isWritten = true;
            grown.add(charge.value());
        }
        Window window = charge.window();
        counter.ends = switch (charge.limit().limit) {
            case TokenBucket bucket -> now + Math.ceilDiv(counter.amount, bucket.tokens());
            case ConcurrencyLimit _ -> lastLease(counter);
            case CalendarQuota _, Budget _ ->
                Objects.requireNonNull(window).end() + Math.min(window.end() - window.start(), HOUR);
        };
    }

    private static long lastLease(Counter counter) {
        return counter.leases.values().stream().mapToLong(end -> end).max().orElse(0);
    }

    Expected admit(PartReservation reserved, long begins, long ends, long now) {
        String id = reserved.id;
        List<Charge> charges = reserved.charges;
        charges.forEach(charge -> load(charge, now));
        Known record = record(id, now);
        List<Long> waits = new ArrayList<>();
        Verdict.Code code = Verdict.Code.ADMITTED;
        if (record != null) {
            code = record.isSettled ? Verdict.Code.SETTLED : Verdict.Code.ADMITTED;
            charges.forEach(_ -> waits.add(0L));
        } else {
            charges.forEach(charge -> waits.add(waitFor(charge, now)));
            boolean isRefused = false;
            for (int i = 0; i < charges.size(); i++) {
                isRefused |= waits.get(i) > 0 && charges.get(i).limit().limit.mode() == Mode.ENFORCED;
            }
            if (!isNow(charges, now) || (ends > 0 && (now < begins || now >= ends))) {
                code = Verdict.Code.NOT_NOW;
            } else if (isRefused) {
                code = Verdict.Code.REFUSED;
            } else {
                charges.forEach(charge -> take(charge, id, now));
                record(id, false, now + reserved.part.recordMillis);
            }
        }
        return new Expected(code, figures(charges, waits, now));
    }

    private List<Long> figures(List<Charge> charges, List<Long> waits, long now) {
        List<Long> figures = new ArrayList<>();
        for (int i = 0; i < charges.size(); i++) {
            figures.add(remaining(charges.get(i), now));
            figures.add(resetsIn(charges.get(i), now));
            figures.add(waits.get(i));
        }
        return figures;
    }

    void settle(String id, List<Charge> charges, Map<String, Long> used, long now) {
        Known record = record(id, now);
        if (record != null && record.isSettled) {
            return;
        }
        record(id, true, now + SETTLED_FOR);
        for (Charge charge : charges) {
            Limit limit = charge.limit().limit;
            Long units = used.get(limit.name());
            long delta = units == null ? 0 : units - charge.reserve();
            Counter counter = counters.get(key(charge));
            if (limit instanceof ConcurrencyLimit && counter != null) {
                if (counter.leases.remove(id) != null) {
                    counter.ends = lastLease(counter);
                }
            } else if (delta != 0 && (record != null || delta > 0)) {
                correct(charge, counter, delta, now);
            }
        }
    }

    private void correct(Charge charge, @Nullable Counter known, long delta, long now) {
        switch (charge.limit().limit) {
            case TokenBucket bucket -> {
                Counter counter = known == null ? new Counter() : known;
                counters.put(key(charge), counter);
                counter.amount = Math.max(
                        0, lack(bucket, counter, now) + delta * bucket.period().toMillis());
                counter.at = now;
                write(charge, counter, now);
            }
            case CalendarQuota _, Budget _ -> {
                if (known != null && known.isWritten) {
                    known.amount = Math.max(0, known.amount + delta);
                }
            }
            case ConcurrencyLimit _ -> {}
        }
    }

    private Counter counter(Charge charge) {
        return Objects.requireNonNull(counters.get(key(charge)), key(charge));
    }

    private static long lack(TokenBucket bucket, Counter counter, long now) {
        return Math.max(0, counter.amount - Math.max(0, now - counter.at) * bucket.tokens());
    }

    private long waitFor(Charge charge, long now) {
        Counter counter = counter(charge);
        return switch (charge.limit().limit) {
            case TokenBucket bucket -> {
                long period = bucket.period().toMillis();
                long tooMuch = lack(bucket, counter, now) + period - bucket.burst() * period;
                yield tooMuch > 0 ? Math.ceilDiv(tooMuch, bucket.tokens()) : 0;
            }
            case CalendarQuota quota ->
                counter.amount + charge.reserve() > quota.capacity() ? untilEnd(charge, now) : 0;
            case Budget budget -> counter.amount + charge.reserve() > budget.capacity() ? untilEnd(charge, now) : 0;
            case ConcurrencyLimit concurrency -> {
                List<Long> ends = counter.leases.values().stream()
                        .filter(end -> end > now)
                        .sorted()
                        .toList();
                int over = ends.size() - (int) concurrency.capacity();
                yield over < 0 ? 0 : ends.get(over) - now;
            }
        };
    }

    private static long untilEnd(Charge charge, long now) {
        return Math.max(1, Objects.requireNonNull(charge.window()).end() - now);
    }

    private void take(Charge charge, String id, long now) {
        Counter counter = counter(charge);
        switch (charge.limit().limit) {
            case TokenBucket bucket -> {
                counter.amount = lack(bucket, counter, now) + bucket.period().toMillis();
                counter.at = now;
            }
            case CalendarQuota _, Budget _ -> {
                counter.amount += charge.reserve();
                counter.at = now;
            }
            case ConcurrencyLimit concurrency -> {
                counter.leases.values().removeIf(end -> end <= now);
                counter.leases.put(id, now + concurrency.lease().toMillis());
            }
        }
        write(charge, counter, now);
    }

    private long remaining(Charge charge, long now) {
        Counter counter = counter(charge);
        long left = switch (charge.limit().limit) {
            case TokenBucket bucket -> {
                long period = bucket.period().toMillis();
                yield Math.floorDiv(bucket.burst() * period - lack(bucket, counter, now), period);
            }
            case CalendarQuota quota -> quota.capacity() - counter.amount;
            case Budget budget -> budget.capacity() - counter.amount;
            case ConcurrencyLimit concurrency ->
                concurrency.capacity()
                        - counter.leases.values().stream()
                                .filter(end -> end > now)
                                .count();
        };
        return Math.max(0, left);
    }

    private long resetsIn(Charge charge, long now) {
        Counter counter = counter(charge);
        return switch (charge.limit().limit) {
            case TokenBucket bucket -> Math.ceilDiv(lack(bucket, counter, now), bucket.tokens());
            case CalendarQuota _, Budget _ ->
                counter.amount > 0
                        ? Math.max(0, Objects.requireNonNull(charge.window()).end() - now)
                        : 0;
            case ConcurrencyLimit _ -> {
                TreeSet<Long> ends = new TreeSet<>(counter.leases.values());
                yield ends.isEmpty() ? 0 : Math.max(0, ends.last() - now);
            }
        };
    }
}
