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
 * Failures by URL, each remembered for a time of its own; as many as their URLs fit.
 *
 * @param <F> what is remembered of one
 */
public final class ExpiringFailures<F extends ExpiringFailures.Expiring> {
    private final Function<F, Duration> time;
    private final Clock clock;
    private final Cache<String, F> failures;

    /** What ends. */
    public interface Expiring {
        /** From when on it is not taken for granted any more. */
        Instant until();
    }

    /**
     * @param mostCharacters of URLs, and {@code overhead} for each
     * @param time how long one is remembered at most
     */
    public ExpiringFailures(long mostCharacters, int overhead, Function<F, Duration> time, Clock clock) {
        this.time = time;
        this.clock = clock;
        this.failures = Caffeine.newBuilder()
                .maximumWeight(mostCharacters)
                .weigher((String url, F failure) -> url.length() + overhead)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .expireAfter(
                        Expiry.writing((String url, F failure) -> Duration.between(clock.instant(), failure.until())))
                .build();
    }

    /** What is known of {@code url}, or null. */
    public @Nullable F find(String url) {
        F known = failures.getIfPresent(url);
        // A clock that was put back does not make it last.
        return known == null || Duration.between(clock.instant(), known.until()).compareTo(time.apply(known)) > 0
                ? null
                : known;
    }

    /** In place of what was known. */
    public void remember(String url, F failure) {
        failures.put(url, failure);
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
