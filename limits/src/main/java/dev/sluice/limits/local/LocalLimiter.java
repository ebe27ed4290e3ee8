package dev.sluice.limits.local;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitChecks;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.Usage;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import reactor.core.publisher.Mono;

/**
 * Decides with counters of this process alone, in bounded memory: for development, and for those limits of a
 * {@link RedisLimiter} that go on while Redis cannot be asked. Decides on the subscriber's thread; nothing waits longer
 * than other decisions take, which is microseconds.
 */
public final class LocalLimiter implements Limiter {
    /** Counters kept unless told otherwise, some 500 bytes each. */
    private static final int COUNTERS = 100_000;

    private static final int REQUESTS = 100_000;
    private static final Duration REMEMBERED = Duration.ofSeconds(10);

    private final Object lock = new Object();
    private final Clock clock;
    private final LimiterObserver observer;
    private final LocalCounters counters;
    /** A request that asks twice before its permit is settled counts once. */
    private final Cache<String, LocalPermit> requests;

    /** With room for 100,000 counters. */
    public LocalLimiter(Clock clock, LimiterObserver observer) {
        this(clock, observer, COUNTERS);
    }

    /**
     * Subjects beyond {@code mostCounters} at once share one counter a limit.
     *
     * @param mostCounters kept for subjects and addresses
     */
    public LocalLimiter(Clock clock, LimiterObserver observer, int mostCounters) {
        this.clock = clock;
        this.observer = observer;
        counters = new LocalCounters(clock, mostCounters);
        requests = Caffeine.newBuilder()
                .maximumSize(REQUESTS)
                .expireAfterWrite(REMEMBERED)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Mono<Decision> admit(Policy policy, Subject subject, String requestId, Reservation reservation) {
        LimitChecks.requestId(requestId);
        return Mono.fromSupplier(() -> {
            long begun = System.nanoTime();
            Decision decision = decide(policy, subject, requestId, reservation, _ -> true, Duration.ZERO);
            observer.decided(
                    policy, decision, LimiterObserver.Place.LOCAL, Duration.ofNanos(System.nanoTime() - begun));
            return decision;
        });
    }

    /**
     * Decides now, on the caller's thread.
     *
     * @param id of the request
     * @param countable limits that may be counted here; the others refuse, if they are enforced
     * @param rest what those tell as the time to retry after
     */
    public Decision decide(
            Policy policy,
            Subject subject,
            String id,
            Reservation reservation,
            Predicate<Limit> countable,
            Duration rest) {
        List<Limit> wouldHaveRefused = new ArrayList<>();
        Decision decision;
        synchronized (lock) {
            decision = judge(policy.limits(), subject, id, reservation, countable, rest, wouldHaveRefused);
        }
        wouldHaveRefused.forEach(limit -> observer.wouldHaveRefused(policy, limit));
        return decision;
    }

    private Decision judge(
            List<Limit> limits,
            Subject subject,
            String id,
            Reservation reservation,
            Predicate<Limit> countable,
            Duration rest,
            List<Limit> wouldHaveRefused) {
        long now = clock.millis();
        LocalPermit before = requests.getIfPresent(id);
        if (before != null) {
            return new Decision.Admitted(before, statuses(limits, subject, now));
        }
        List<LocalCounter> limitCounters = new ArrayList<>(limits.size());
        List<LimitStatus> statuses = new ArrayList<>(limits.size());
        List<Decision.Violation> violations = new ArrayList<>();
        List<Limit> counted = new ArrayList<>(limits.size());
        for (Limit limit : limits) {
            boolean isEnforced = limit.mode() == Mode.ENFORCED;
            if (!countable.test(limit)) {
                statuses.add(unknown(limit, rest));
                if (isEnforced) {
                    violations.add(new Decision.Violation(limit.name(), Decision.Cause.UNAVAILABLE, rest));
                }
                continue;
            }
            LocalCounter counter = counters.of(limit, subject);
            counted.add(limit);
            limitCounters.add(counter);
            statuses.add(counter.status(now));
            Duration wait = counter.waitFor(now, reservation.of(limit));
            if (wait.isPositive() && isEnforced) {
                violations.add(new Decision.Violation(limit.name(), Decision.Cause.EXCEEDED, wait));
            } else if (wait.isPositive()) {
                wouldHaveRefused.add(limit);
            }
        }
        if (!violations.isEmpty()) {
            return new Decision.Refused(violations, statuses);
        }
        LocalPermit permit = take(counted, limitCounters, subject, id, reservation, now);
        for (int i = 0, next = 0; i < limits.size(); i++) {
            if (next < counted.size() && counted.get(next).equals(limits.get(i))) {
                statuses.set(i, limitCounters.get(next++).status(now));
            }
        }
        return new Decision.Admitted(permit, statuses);
    }

    private LocalPermit take(
            List<Limit> limits,
            List<LocalCounter> limitCounters,
            Subject subject,
            String id,
            Reservation reservation,
            long now) {
        long[] names = new long[limits.size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = limitCounters.get(i).take(id, now, reservation.of(limits.get(i)));
            counters.keep(limits.get(i), subject, limitCounters.get(i));
        }
        LocalPermit permit = new LocalPermit(limits, limitCounters, names, subject, id, reservation);
        requests.put(id, permit);
        return permit;
    }

    private static LimitStatus unknown(Limit limit, Duration rest) {
        return limit.mode() == Mode.ENFORCED
                ? new LimitStatus(limit.name(), limit.capacity(), 0, rest)
                : new LimitStatus(limit.name(), limit.capacity(), limit.capacity(), Duration.ZERO);
    }

    private List<LimitStatus> statuses(List<Limit> limits, Subject subject, long now) {
        return limits.stream()
                .map(limit -> counters.of(limit, subject).status(now))
                .toList();
    }

    @Override
    public Mono<List<LimitStatus>> inspect(List<Limit> limits, Subject subject) {
        return Mono.fromSupplier(() -> {
            synchronized (lock) {
                return statuses(limits, subject, clock.millis());
            }
        });
    }

    @Override
    public Mono<Void> reset(List<Limit> limits, Subject subject) {
        return Mono.fromRunnable(() -> {
            synchronized (lock) {
                limits.forEach(limit -> counters.forget(limit, subject));
            }
        });
    }

    /** Counters kept now, but for those that all share. */
    long size() {
        synchronized (lock) {
            return counters.size();
        }
    }

    private final class LocalPermit implements Permit {
        private final List<Limit> limits;
        private final List<LocalCounter> limitCounters;
        private final long[] names;
        private final Subject subject;
        private final String id;
        private final Reservation reservation;
        private boolean isSettled;

        private LocalPermit(
                List<Limit> limits,
                List<LocalCounter> limitCounters,
                long[] names,
                Subject subject,
                String id,
                Reservation reservation) {
            this.limits = limits;
            this.limitCounters = limitCounters;
            this.names = names;
            this.subject = subject;
            this.id = id;
            this.reservation = reservation;
        }

        @Override
        public Mono<Void> settle(Usage usage) {
            return Mono.fromRunnable(() -> {
                synchronized (lock) {
                    if (!isSettled) {
                        isSettled = true;
                        settleOnce(usage);
                    }
                }
            });
        }

        @Override
        public Optional<Duration> renewalPeriod() {
            return ConcurrencyLimit.renewalPeriod(limits);
        }

        @Override
        public Mono<Void> renew() {
            return Mono.fromRunnable(() -> {
                synchronized (lock) {
                    if (!isSettled) {
                        renewLeases();
                    }
                }
            });
        }

        private void renewLeases() {
            long now = clock.millis();
            for (int i = 0; i < limits.size(); i++) {
                if (limitCounters.get(i) instanceof LocalCounter.LeaseCounter leases) {
                    leases.renew(id, now);
                    counters.changed(limits.get(i), subject, leases);
                }
            }
        }

        private void settleOnce(Usage usage) {
            long now = clock.millis();
            for (int i = 0; i < limits.size(); i++) {
                Limit limit = limits.get(i);
                LocalCounter counter = limitCounters.get(i);
                Long used = usage.units().get(limit.name());
                long delta = used == null ? 0 : Math.min(used, LimitChecks.LARGEST) - reservation.of(limit);
                counter.settle(id, names[i], delta, now);
                counters.changed(limit, subject, counter);
            }
            requests.invalidate(id);
        }
    }
}
