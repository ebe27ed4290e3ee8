package dev.sluice.limits.local;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.Window;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;

/** One counter in memory. Not safe for threads: its limiter lets one in at a time. */
sealed interface LocalCounter {

    /** Time until one more request for these units has room; zero if it has. */
    Duration waitFor(long now, long units);

    /** Takes what one request reserves, and answers what names it later. */
    long take(String id, long now, long units);

    /** Frees the lease, or corrects by {@code delta} units what {@code taken} names. */
    void settle(String id, long taken, long delta, long now);

    LimitStatus status(long now);

    static LocalCounter of(Limit limit, NonDecreasingClock time) {
        return switch (limit) {
            case TokenBucket bucket -> new TokenCounter(bucket, time);
            case CalendarQuota quota -> new WindowCounter(quota, time.millis());
            case Budget budget -> new WindowCounter(budget, time.millis());
            case ConcurrencyLimit concurrency -> new LeaseCounter(concurrency);
        };
    }

    /** A bucket of bucket4j. */
    final class TokenCounter implements LocalCounter {
        private final TokenBucket limit;
        private final Bucket bucket;

        private TokenCounter(TokenBucket limit, NonDecreasingClock time) {
            this.limit = limit;
            bucket = Bucket.builder()
                    .addLimit(
                            bandwidth -> bandwidth.capacity(limit.burst()).refillGreedy(limit.tokens(), limit.period()))
                    .withCustomTimePrecision(time)
                    .withSynchronizationStrategy(SynchronizationStrategy.NONE)
                    .build();
        }

        @Override
        public Duration waitFor(long now, long units) {
            return Duration.ofNanos(bucket.estimateAbilityToConsume(units).getNanosToWaitForRefill());
        }

        @Override
        public long take(String id, long now, long units) {
            bucket.consumeIgnoringRateLimits(units);
            return 0;
        }

        @Override
        public void settle(String id, long taken, long delta, long now) {
            if (delta > 0) {
                bucket.consumeIgnoringRateLimits(delta);
            } else if (delta < 0) {
                bucket.addTokens(-delta);
            }
        }

        @Override
        public LimitStatus status(long now) {
            var state = bucket.asVerbose().getAvailableTokens();
            return new LimitStatus(
                    limit.name(),
                    limit.capacity(),
                    Math.clamp(state.getValue(), 0, limit.capacity()),
                    Duration.ofNanos(Math.max(0, state.getDiagnostics().calculateFullRefillingTime())));
        }
    }

    /** Units of a window. */
    final class WindowCounter implements LocalCounter {
        private final Limit limit;
        private Window window;
        private long used;

        private WindowCounter(Limit limit, long now) {
            this.limit = limit;
            window = windowAt(now);
        }

        private Window windowAt(long millis) {
            return switch (limit) {
                case CalendarQuota quota -> Window.of(quota, millis);
                case Budget budget -> Window.of(budget, millis);
                case TokenBucket _, ConcurrencyLimit _ -> throw new IllegalStateException(limit.name() + ": no window");
            };
        }

        /** A clock that was set back stays in the window that was: an earlier one is not known any more. */
        private void expire(long now) {
            if (now >= window.end()) {
                window = windowAt(now);
                used = 0;
            }
        }

        @Override
        public Duration waitFor(long now, long units) {
            expire(now);
            return used > limit.capacity() - units ? Duration.ofMillis(window.end() - now) : Duration.ZERO;
        }

        @Override
        public long take(String id, long now, long units) {
            expire(now);
            used += units;
            return window.start();
        }

        @Override
        public void settle(String id, long taken, long delta, long now) {
            if (taken == window.start()) {
                used = Math.max(0, used + delta);
            }
        }

        @Override
        public LimitStatus status(long now) {
            expire(now);
            return new LimitStatus(
                    limit.name(),
                    limit.capacity(),
                    Math.max(0, limit.capacity() - used),
                    used == 0 ? Duration.ZERO : Duration.ofMillis(window.end() - now));
        }
    }

    /** Holders and the ends of their leases. */
    final class LeaseCounter implements LocalCounter {
        private final ConcurrencyLimit limit;
        private final Map<String, Long> leases = new LinkedHashMap<>();

        private LeaseCounter(ConcurrencyLimit limit) {
            this.limit = limit;
        }

        /** Drops what ended; if the clock was set back, no lease ends later than one that begins now. */
        private void expire(long now) {
            long latest = now + limit.lease().toMillis();
            leases.values().removeIf(end -> end <= now);
            leases.replaceAll((id, end) -> Math.min(end, latest));
        }

        @Override
        public Duration waitFor(long now, long units) {
            expire(now);
            long over = leases.size() - limit.capacity();
            return over < 0
                    ? Duration.ZERO
                    : leases.values().stream()
                            .sorted()
                            .skip(over)
                            .findFirst()
                            .map(end -> Duration.ofMillis(end - now))
                            .orElse(Duration.ZERO);
        }

        @Override
        public long take(String id, long now, long units) {
            leases.put(id, now + limit.lease().toMillis());
            return 0;
        }

        /** Lets a lease begin again; one that has ended is not taken again. */
        void renew(String id, long now) {
            expire(now);
            leases.computeIfPresent(id, (_, _) -> now + limit.lease().toMillis());
        }

        @Override
        public void settle(String id, long taken, long delta, long now) {
            leases.remove(id);
        }

        @Override
        public LimitStatus status(long now) {
            expire(now);
            long last = leases.values().stream().max(Comparator.naturalOrder()).orElse(now);
            return new LimitStatus(
                    limit.name(),
                    limit.capacity(),
                    Math.max(0, limit.capacity() - leases.size()),
                    Duration.ofMillis(last - now));
        }
    }
}
