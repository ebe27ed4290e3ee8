package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.outbound.imagecache.ExpiringFailures;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Images that could not be made smaller a moment ago, so that a damaged one is not decoded again and again. One failure
 * counts for all widths: every pixel is decoded for each.
 */
final class FailedTransforms {
    private static final long MOST_CHARACTERS = 1_000_000;
    private static final int ENTRY_OVERHEAD = 200;

    private final Duration decided;
    private final Duration wentWrong;
    private final Clock clock;
    private final ExpiringFailures<Failure> failures;

    /**
     * A failure and until when it is taken for granted.
     *
     * @param etag of the original
     * @param exception what happened
     * @param until when the image is decoded again
     */
    record Failure(String etag, TransformException exception, Instant until) implements ExpiringFailures.Expiring {}

    /**
     * @param decided how long it is remembered that an image is damaged, not supported or too large
     * @param wentWrong how long it is that the decoder failed
     */
    FailedTransforms(Duration decided, Duration wentWrong, Clock clock) {
        this.decided = decided;
        this.wentWrong = wentWrong;
        this.clock = clock;
        this.failures =
                new ExpiringFailures<>(MOST_CHARACTERS, ENTRY_OVERHEAD, known -> time(known.exception()), clock);
    }

    /** What is known of {@code url}, whichever image was there; null if nothing is. */
    @Nullable Failure find(String url) {
        return failures.find(url);
    }

    /** What is known of this very image; null if nothing is. */
    @Nullable Failure find(CachedMeta original) {
        Failure known = find(original.url());
        return known == null || !known.etag().equals(original.etag()) ? null : known;
    }

    /** Remembers a failure, unless there was merely no room. */
    void remember(CachedMeta original, TransformException failure) {
        Duration time = time(failure);
        if (time.isPositive()) {
            failures.remember(
                    original.url(),
                    new Failure(
                            original.etag(),
                            withoutCause(failure),
                            clock.instant().plus(time)));
        }
    }

    private Duration time(TransformException failure) {
        return switch (failure.kind()) {
            case IMAGE -> decided;
            case DECODER -> wentWrong;
            case BUSY -> Duration.ZERO;
        };
    }

    private static TransformException withoutCause(TransformException failure) {
        return new TransformException(failure.kind(), failure.reason(), String.valueOf(failure.getMessage()), null);
    }

    /** Forgets what is known of {@code url}; whether there was anything. */
    boolean forget(String url) {
        return failures.forget(url);
    }

    /** Forgets everything. */
    void forgetAll() {
        failures.forgetAll();
    }
}
