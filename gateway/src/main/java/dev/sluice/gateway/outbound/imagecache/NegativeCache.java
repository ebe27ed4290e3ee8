package dev.sluice.gateway.outbound.imagecache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What failed a moment ago, by URL, so that a broken image is not asked for, or decoded, again and again. Any thread.
 *
 * @param <F> a failure; it stays in memory, so it has no cause with a stack trace
 */
public final class NegativeCache<F> {
    private final Function<F, Duration> time;
    private final Clock clock;
    private final Cache<String, Remembered<F>> failures;

    /**
     * A failure, and until when it is taken for granted.
     *
     * @param failure what happened
     * @param until when it is tried again
     */
    public record Remembered<F>(F failure, Instant until) {}

    /**
     * As many failures as their URLs fit.
     *
     * @param mostCharacters of URLs, and {@code overhead} for each
     * @param time how long a failure is remembered; zero for one that is not
     */
    public NegativeCache(long mostCharacters, int overhead, Function<F, Duration> time, Clock clock) {
        this.time = time;
        this.clock = clock;
        this.failures = Caffeine.newBuilder()
                .maximumWeight(mostCharacters)
                .weigher((String url, Remembered<F> entry) -> url.length() + overhead)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .expireAfter(Expiry.writing(
                        (String url, Remembered<F> entry) -> Duration.between(clock.instant(), entry.until())))
                .build();
    }

    /** What is known of {@code url}, or null. */
    public @Nullable Remembered<F> find(String url) {
        Remembered<F> known = failures.getIfPresent(url);
        // A clock that was put back does not make it last.
        boolean isOver = known != null
                && Duration.between(clock.instant(), known.until()).compareTo(time.apply(known.failure())) > 0;
        return isOver ? null : known;
    }

    /** Remembers a failure in place of what was known. */
    public void remember(String url, F failure) {
        Duration remembered = time.apply(failure);
        if (remembered.isPositive()) {
            failures.put(url, new Remembered<>(failure, clock.instant().plus(remembered)));
        }
    }

    /** Forgets what is known of {@code url}; whether there was anything. */
    public boolean forget(String url) {
        return failures.asMap().remove(url) != null;
    }

    /** Forgets everything. */
    public void forgetAll() {
        failures.invalidateAll();
    }
}
