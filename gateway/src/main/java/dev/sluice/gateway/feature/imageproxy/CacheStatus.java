package dev.sluice.gateway.feature.imageproxy;

import java.time.Duration;

/**
 * How the cache took part in an answer, as its {@code Cache-Status} field says it (RFC 9211).
 *
 * @param result for the meters
 * @param field value of the field
 */
record CacheStatus(String result, String field) {
    static final String HEADER = "Cache-Status";

    /** From the cache, and fresh for so long. */
    static CacheStatus hit(Duration left) {
        return new CacheStatus("hit", "sluice; hit; ttl=" + left.toSeconds());
    }

    /** Not in the cache. */
    static CacheStatus miss(Flights.Role role, Kept kept) {
        return switch (role) {
            case FIRST -> new CacheStatus("miss", "sluice; fwd=uri-miss; fwd-status=200" + kept.parameter);
            case JOINED ->
                new CacheStatus("collapsed", "sluice; fwd=uri-miss; fwd-status=200; collapsed" + kept.parameter);
        };
    }

    /** In the cache, past its time, and the origin has another one now. */
    static CacheStatus replaced(Kept kept) {
        return new CacheStatus("miss", "sluice; fwd=stale; fwd-status=200" + kept.parameter);
    }

    /** In the cache, past its time, and the origin has nothing newer. */
    static CacheStatus revalidated() {
        return new CacheStatus("revalidated", "sluice; fwd=stale; fwd-status=304");
    }

    /** In the cache, past its time, and the origin fails. */
    static CacheStatus stale(int originStatus) {
        String status = originStatus == 0 ? "" : "; fwd-status=" + originStatus;
        return new CacheStatus("stale", "sluice; fwd=stale" + status + "; detail=stale-if-error");
    }

    /** In the cache, past its time, and the origin has failed a moment ago. */
    static CacheStatus staleAgain(Duration overdue) {
        return new CacheStatus("stale", "sluice; hit; ttl=-" + overdue.toSeconds() + "; detail=stale-if-error");
    }

    /** The origin has failed a moment ago and is not asked again for so long. */
    static CacheStatus knownFailure(Duration left) {
        return new CacheStatus("negative", "sluice; hit; ttl=" + left.toSeconds() + "; detail=negative");
    }

    /** The origin fails; its status, or 0 when it gave none. */
    static CacheStatus failed(int originStatus) {
        return new CacheStatus(
                "failed", "sluice; fwd=uri-miss" + (originStatus == 0 ? "" : "; fwd-status=" + originStatus));
    }

    /** There is no cache. */
    static CacheStatus bypass() {
        return new CacheStatus("bypass", "sluice; fwd=bypass; fwd-status=200");
    }

    /** What became of an image that was fetched. */
    enum Kept {
        /** It is in the cache now. */
        STORED("; stored"),
        /** Its origin forbids it. */
        FORBIDDEN("; detail=no-store"),
        /** The cache could not take it. */
        NOT_STORED("");

        private final String parameter;

        Kept(String parameter) {
            this.parameter = parameter;
        }
    }
}
