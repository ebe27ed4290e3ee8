package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.outbound.imagecache.NegativeCache;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Images that could not be made smaller a moment ago, so that a damaged one is not decoded again and again. One failure
 * counts for all widths: every pixel is decoded for each.
 */
final class FailedTransforms {
    private static final long MOST_CHARACTERS = 1_000_000;
    private static final int ENTRY_OVERHEAD = 200;

    private final NegativeCache<Failure> failures;

    /**
     * What happened to an image.
     *
     * @param etag of the original
     */
    record Failure(String etag, TransformException exception) {}

    /**
     * @param decided how long it is remembered that an image is damaged, not supported or too large
     * @param wentWrong how long it is that the decoder failed; that there was merely no room is not remembered
     */
    FailedTransforms(Duration decided, Duration wentWrong, Clock clock) {
        this.failures = new NegativeCache<>(
                MOST_CHARACTERS,
                ENTRY_OVERHEAD,
                failure -> switch (failure.exception().kind()) {
                    case IMAGE -> decided;
                    case DECODER -> wentWrong;
                    case BUSY -> Duration.ZERO;
                },
                clock);
    }

    /** What is known of {@code url}, whichever image was there; null if nothing is. */
    NegativeCache.@Nullable Remembered<Failure> find(String url) {
        return failures.find(url);
    }

    /** What is known of this very image; null if nothing is. */
    NegativeCache.@Nullable Remembered<Failure> find(CachedMeta original) {
        NegativeCache.Remembered<Failure> known = find(original.url());
        return known == null || !known.failure().etag().equals(original.etag()) ? null : known;
    }

    /** Remembers a failure, if it is one of this image. */
    void remember(CachedMeta original, TransformException failure) {
        failures.remember(original.url(), new Failure(original.etag(), failure.withoutCause()));
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
