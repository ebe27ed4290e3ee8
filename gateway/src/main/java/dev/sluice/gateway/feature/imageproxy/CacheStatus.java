package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.outbound.imagecache.ImageFetches.StoreResult;
import dev.sluice.gateway.outbound.imagecache.SingleFlight;
import java.time.Duration;

/**
 * How the cache took part in an answer, as its {@code Cache-Status} field says it (RFC 9211).
 *
 * @param result for the meters
 * @param field value of the field
 * @param forward why the origin was asked and what it answered, as the field says it; empty if it was not
 */
record CacheStatus(String result, String field, String forward) {
    static final String HEADER = "Cache-Status";

    private static final String NAME = "sluice; ";
    private static final String MISS = "fwd=uri-miss";
    private static final String STALE = "fwd=stale";
    private static final String SHOWN_ON_ERROR = "; detail=stale-if-error";
    private static final String COLLAPSED = "; collapsed";

    private static CacheStatus own(String result, String says) {
        return new CacheStatus(result, NAME + says, "");
    }

    private static CacheStatus forwarded(String result, String forward, String says) {
        return new CacheStatus(result, NAME + forward + says, forward);
    }

    private static String status(String forward, int originStatus) {
        return originStatus == 0 ? forward : forward + "; fwd-status=" + originStatus;
    }

    /** From the cache, and fresh for so long. */
    static CacheStatus hit(Duration left) {
        return own("hit", "hit; ttl=" + left.toSeconds());
    }

    /** Not in the cache. */
    static CacheStatus miss(SingleFlight.Role role, StoreResult result) {
        String forward = status(MISS, 200);
        return switch (role) {
            case FIRST -> forwarded("miss", forward, parameter(result));
            case JOINED -> forwarded("collapsed", forward, COLLAPSED + parameter(result));
        };
    }

    /** In the cache, past its time, and the origin has another one now. */
    static CacheStatus replaced(StoreResult result) {
        return forwarded("miss", status(STALE, 200), parameter(result));
    }

    /** In the cache, past its time, and the origin has nothing newer. */
    static CacheStatus revalidated() {
        return forwarded("revalidated", status(STALE, 304), "");
    }

    /** In the cache, past its time, and the origin fails. */
    static CacheStatus stale(int originStatus) {
        return forwarded("stale", status(STALE, originStatus), SHOWN_ON_ERROR);
    }

    /** In the cache, past its time, and the origin has failed a moment ago. */
    static CacheStatus staleAgain(Duration overdue) {
        return own("stale", "hit; ttl=-" + overdue.toSeconds() + SHOWN_ON_ERROR);
    }

    /** The origin, or the decoder, has failed a moment ago and is not asked again for so long. */
    static CacheStatus rememberedFailure(Duration left) {
        return own("negative", "hit; ttl=" + left.toSeconds() + "; detail=negative");
    }

    /** The origin fails; its status, or 0 when it gave none. */
    static CacheStatus failed(int originStatus) {
        return forwarded("failed", status(MISS, originStatus), "");
    }

    /** There is no cache. */
    static CacheStatus bypass() {
        return forwarded("bypass", status("fwd=bypass", 200), "");
    }

    /**
     * Not in the cache at this width, and made from the original.
     *
     * @param original how the cache took part in having that
     */
    static CacheStatus transformed(CacheStatus original, SingleFlight.Role role, StoreResult result) {
        String forward = original.forwardOrMiss();
        return switch (role) {
            case FIRST -> forwarded("transformed", forward, parameter(result) + "; detail=transformed");
            case JOINED -> forwarded("collapsed", forward, COLLAPSED + parameter(result) + "; detail=transformed");
        };
    }

    /** As {@link #transformed}, and the original cannot be made smaller. */
    static CacheStatus notTransformed(CacheStatus original) {
        return forwarded("failed", original.forwardOrMiss(), "");
    }

    private String forwardOrMiss() {
        return forward.isEmpty() ? MISS : forward;
    }

    /** What became of an image that was fetched or made. */
    private static String parameter(StoreResult result) {
        return switch (result) {
            case STORED -> "; stored";
            case FORBIDDEN -> "; detail=no-store";
            case NEVER_FRESH -> "; detail=no-cache";
            case NOT_STORED -> "";
        };
    }
}
