package dev.sluice.limits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the scripts should do, in plain words of Java: one request after another, no batches, no reduced fractions. */
final class ModelLimits {
    private final Map<String, Counter> counters = new HashMap<>();
    private final Map<String, String> records = new HashMap<>();

    /** The code of a verdict, and remaining, resets in and retry after of each limit. */
    record Expected(AdmitCommand.Code code, List<Long> figures) {}

    /** A bucket counts its lack in parts of which {@code period} make a token; a window its units. */
    private static final class Counter {
        private long amount;
        private long at;
        private final Map<String, Long> leases = new HashMap<>();
    }

    /** The server looks at a counter: what lies in its future was written before its clock was set back. */
    void look(Admission.Place place, long now) {
        Counter counter = counters.computeIfAbsent(place.key(), _ -> new Counter());
        switch (place.limit().limit) {
            case TokenBucket _ -> {
                if (counter.at > now) {
                    counter.at = now;
                }
            }
            case Slots slots -> {
                long latest = now + slots.lease().toMillis();
                if (counter.leases.values().stream().anyMatch(end -> end > latest)) {
                    counter.leases.values().removeIf(end -> end <= now);
                    counter.leases.replaceAll((_, end) -> Math.min(end, latest));
                }
            }
            case CalendarQuota _, Budget _ -> {}
        }
    }

    Expected admit(String id, List<Admission.Place> places, long now) {
        String record = records.get(id);
        List<Long> waits = new ArrayList<>();
        AdmitCommand.Code code = AdmitCommand.Code.ADMITTED;
        if (record != null) {
            code = record.equals("S") ? AdmitCommand.Code.SETTLED : AdmitCommand.Code.ADMITTED;
            places.forEach(_ -> waits.add(0L));
        } else {
            boolean isNow = places.stream()
                    .map(Admission.Place::window)
                    .allMatch(window -> window == null || (window.start() <= now && now < window.end()));
            places.forEach(place -> waits.add(waitFor(place, now)));
            boolean isRefused = false;
            for (int i = 0; i < places.size(); i++) {
                isRefused |= waits.get(i) > 0 && places.get(i).limit().limit.mode() == Mode.ENFORCED;
            }
            if (!isNow) {
                code = AdmitCommand.Code.NOT_NOW;
            } else if (isRefused) {
                code = AdmitCommand.Code.REFUSED;
            } else {
                places.forEach(place -> take(place, id, now));
                records.put(id, "A");
            }
        }
        List<Long> figures = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            figures.add(remaining(places.get(i), now));
            figures.add(resetsIn(places.get(i), now));
            figures.add(waits.get(i));
        }
        return new Expected(code, figures);
    }

    void settle(String id, List<Admission.Place> places, Map<String, Long> used, long now) {
        String record = records.put(id, "S");
        if ("S".equals(record)) {
            return;
        }
        for (Admission.Place place : places) {
            Limit limit = place.limit().limit;
            Long units = used.get(limit.name());
            long delta = units == null ? 0 : units - place.reserve();
            Counter counter = counters.get(place.key());
            if (limit instanceof Slots && counter != null) {
                counter.leases.remove(id);
            } else if (delta != 0 && (record != null || delta > 0)) {
                correct(place, counter, delta, now);
            }
        }
    }

    private void correct(Admission.Place place, @Nullable Counter known, long delta, long now) {
        switch (place.limit().limit) {
            case TokenBucket bucket -> {
                Counter counter = known == null ? new Counter() : known;
                counters.put(place.key(), counter);
                counter.amount = Math.max(
                        0, lack(bucket, counter, now) + delta * bucket.period().toMillis());
                counter.at = now;
            }
            case CalendarQuota _, Budget _ -> {
                if (known != null && known.at > 0) {
                    known.amount = Math.max(0, known.amount + delta);
                }
            }
            case Slots _ -> {}
        }
    }

    private Counter counter(Admission.Place place) {
        return Objects.requireNonNull(counters.get(place.key()), place.key());
    }

    private static long lack(TokenBucket bucket, Counter counter, long now) {
        return Math.max(0, counter.amount - Math.max(0, now - counter.at) * bucket.tokens());
    }

    private long waitFor(Admission.Place place, long now) {
        Counter counter = counter(place);
        return switch (place.limit().limit) {
            case TokenBucket bucket -> {
                long period = bucket.period().toMillis();
                long tooMuch = lack(bucket, counter, now) + period - bucket.burst() * period;
                yield tooMuch > 0 ? Math.ceilDiv(tooMuch, bucket.tokens()) : 0;
            }
            case CalendarQuota quota -> counter.amount + place.reserve() > quota.capacity() ? untilEnd(place, now) : 0;
            case Budget budget -> counter.amount + place.reserve() > budget.capacity() ? untilEnd(place, now) : 0;
            case Slots slots -> {
                List<Long> ends = counter.leases.values().stream()
                        .filter(end -> end > now)
                        .sorted()
                        .toList();
                int over = ends.size() - (int) slots.capacity();
                yield over < 0 ? 0 : ends.get(over) - now;
            }
        };
    }

    private static long untilEnd(Admission.Place place, long now) {
        return Math.max(1, Objects.requireNonNull(place.window()).end() - now);
    }

    private void take(Admission.Place place, String id, long now) {
        Counter counter = counter(place);
        switch (place.limit().limit) {
            case TokenBucket bucket -> {
                counter.amount = lack(bucket, counter, now) + bucket.period().toMillis();
                counter.at = now;
            }
            case CalendarQuota _, Budget _ -> {
                counter.amount += place.reserve();
                counter.at = now;
            }
            case Slots slots -> {
                counter.leases.values().removeIf(end -> end <= now);
                counter.leases.put(id, now + slots.lease().toMillis());
            }
        }
    }

    private long remaining(Admission.Place place, long now) {
        Counter counter = counter(place);
        long left = switch (place.limit().limit) {
            case TokenBucket bucket -> {
                long period = bucket.period().toMillis();
                yield Math.floorDiv(bucket.burst() * period - lack(bucket, counter, now), period);
            }
            case CalendarQuota quota -> quota.capacity() - counter.amount;
            case Budget budget -> budget.capacity() - counter.amount;
            case Slots slots ->
                slots.capacity()
                        - counter.leases.values().stream()
                                .filter(end -> end > now)
                                .count();
        };
        return Math.max(0, left);
    }

    private long resetsIn(Admission.Place place, long now) {
        Counter counter = counter(place);
        return switch (place.limit().limit) {
            case TokenBucket bucket -> Math.ceilDiv(lack(bucket, counter, now), bucket.tokens());
            case CalendarQuota _, Budget _ ->
                counter.amount > 0
                        ? Math.max(0, Objects.requireNonNull(place.window()).end() - now)
                        : 0;
            case Slots _ -> {
                TreeSet<Long> ends = new TreeSet<>(counter.leases.values());
                yield ends.isEmpty() ? 0 : Math.max(0, ends.last() - now);
            }
        };
    }
}
