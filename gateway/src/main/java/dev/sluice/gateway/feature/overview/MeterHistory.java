package dev.sluice.gateway.feature.overview;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/**
 * What the meters said during the last hour, every 15 seconds: some 240 samples of a dozen numbers, and of each limit
 * and each reason that occurred a count. Thread-safe. Closing it ends the sampling.
 */
final class MeterHistory implements AutoCloseable {
    static final Duration STEP = Duration.ofSeconds(15);
    private static final int STEPS = 240;

    /** 502 and 504 are an origin's or a provider's. */
    private static final Set<String> OWN_FAILURES = Set.of("500", "503");

    private static final String REQUESTS = "http.server.requests";
    private static final String DECISIONS = "sluice.limits.decisions";
    private static final String FETCHES = "sluice.fetch";

    private final MeterRegistry meters;
    private final Clock clock;
    private final Disposable sampling;
    /** Oldest first; guarded by itself. */
    private final Deque<Sample> samples = new ArrayDeque<>();

    /** What the meters say at one moment; sums since the start, but for what is free or used now. */
    private record Sample(
            Instant at,
            double requests,
            double serverErrors,
            double refusals,
            double fetchedBytes,
            double memoryFree,
            double diskFree,
            double cacheBytes,
            double heapUsed,
            Map<String, Long> refusedBy,
            Map<String, Long> failedBy) {}

    /**
     * The last hour, or what there is of it.
     *
     * @param from of the first step's beginning
     * @param stepSeconds of each number of a series
     * @param requests a second; {@code serverErrors} (500 and 503) and {@code refusals} of limits likewise
     * @param fetchedBytes a second, from origins
     * @param memoryFree bytes for images of archives at the end of each step; {@code diskFree} likewise
     * @param cacheBytes of the image cache at the end of each step
     * @param heapUsed bytes at the end of each step
     * @param refusedBy refusals during the hour, by the limit that was used up; most first
     * @param failedBy fetches that failed during the hour, by reason; most first
     */
    record LastHour(
            Instant from,
            long stepSeconds,
            List<Double> requests,
            List<Double> serverErrors,
            List<Double> refusals,
            List<Double> fetchedBytes,
            List<Long> memoryFree,
            List<Long> diskFree,
            List<Long> cacheBytes,
            List<Long> heapUsed,
            List<Count> refusedBy,
            List<Count> failedBy) {}

    /** How often something was the reason. */
    record Count(String name, long count) {}

    MeterHistory(MeterRegistry meters, Clock clock, Scheduler timer) {
        this.meters = meters;
        this.clock = clock;
        sample();
        this.sampling =
                timer.schedulePeriodically(this::sample, STEP.toMillis(), STEP.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void sample() {
        Sample now = now();
        synchronized (samples) {
            samples.addLast(now);
            if (samples.size() > STEPS + 1) {
                samples.removeFirst();
            }
        }
    }

    /** With the meters of this moment as the end of the step that has begun. */
    LastHour lastHour() {
        List<Sample> known;
        synchronized (samples) {
            known = new ArrayList<>(samples);
        }
        Sample now = now();
        if (known.getLast().at().isBefore(now.at())) {
            known.add(now);
        }
        Sample first = known.getFirst();
        return new LastHour(
                first.at(),
                STEP.toSeconds(),
                rates(known, Sample::requests),
                rates(known, Sample::serverErrors),
                rates(known, Sample::refusals),
                rates(known, Sample::fetchedBytes),
                levels(known, Sample::memoryFree),
                levels(known, Sample::diskFree),
                levels(known, Sample::cacheBytes),
                levels(known, Sample::heapUsed),
                since(first.refusedBy(), now.refusedBy()),
                since(first.failedBy(), now.failedBy()));
    }

    private static List<Double> rates(List<Sample> known, Function<Sample, Double> sum) {
        List<Double> rates = new ArrayList<>();
        for (int index = 1; index < known.size(); index++) {
            Sample before = known.get(index - 1);
            Sample after = known.get(index);
            double seconds = Duration.between(before.at(), after.at()).toMillis() / 1000.0;
            double rate = (sum.apply(after) - sum.apply(before)) / seconds;
            rates.add(Math.round(Math.max(0, rate) * 100) / 100.0);
        }
        return rates;
    }

    private static List<Long> levels(List<Sample> known, Function<Sample, Double> level) {
        return known.stream()
                .skip(1)
                .map(sample -> Math.round(level.apply(sample)))
                .toList();
    }

    private static List<Count> since(Map<String, Long> before, Map<String, Long> now) {
        return now.entrySet().stream()
                .map(entry -> new Count(entry.getKey(), entry.getValue() - before.getOrDefault(entry.getKey(), 0L)))
                .filter(count -> count.count() > 0)
                .sorted(Comparator.comparingLong(Count::count).reversed().thenComparing(Count::name))
                .toList();
    }

    private Sample now() {
        Map<String, Long> refusedBy = new HashMap<>();
        double refusals = 0;
        for (Counter counter : meters.find(DECISIONS).counters()) {
            if (!"admitted".equals(counter.getId().getTag("outcome"))) {
                refusals += counter.count();
                add(refusedBy, counter.getId().getTag("limit"), Math.round(counter.count()));
            }
        }
        return new Sample(
                clock.instant(),
                requests(status -> true),
                requests(OWN_FAILURES::contains),
                refusals,
                counted("sluice.fetch.bytes"),
                level("sluice.zip.budget.free", "kind", "memory"),
                level("sluice.zip.budget.free", "kind", "disk"),
                level("sluice.image_proxy.cache.bytes"),
                level("jvm.memory.used", "area", "heap"),
                refusedBy,
                failures());
    }

    private Map<String, Long> failures() {
        Map<String, Long> failedBy = new HashMap<>();
        for (Timer timer : meters.find(FETCHES).timers()) {
            String outcome = String.valueOf(timer.getId().getTag("outcome"));
            if (!outcome.equals("ok") && !outcome.equals("cancelled")) {
                add(failedBy, outcome, timer.count());
            }
        }
        return failedBy;
    }

    private static void add(Map<String, Long> counts, @Nullable String name, long count) {
        counts.merge(String.valueOf(name), count, Long::sum);
    }

    private double requests(Predicate<String> status) {
        return (double) meters.find(REQUESTS).timers().stream()
                .filter(timer -> status.test(String.valueOf(timer.getId().getTag("status"))))
                .mapToLong(Timer::count)
                .sum();
    }

    private double counted(String name) {
        return meters.find(name).counters().stream().mapToDouble(Counter::count).sum();
    }

    private double level(String name, String... tags) {
        return meters.find(name).tags(tags).gauges().stream()
                .mapToDouble(Gauge::value)
                .filter(Double::isFinite)
                .sum();
    }

    @Override
    public void close() {
        sampling.dispose();
    }
}
