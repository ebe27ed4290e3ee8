package dev.sluice.gateway.outbound.fetch;

/** Why a fetch failed, as callers may be told. The codes are part of the HTTP contract. */
public enum FetchFailure {
    /** The URL leads, directly or by redirect or DNS, to an address that may not be reached. */
    BLOCKED_ADDRESS("blocked_address"),
    /** Not an absolute http or https URL, or one of a port or domain that is not allowed. */
    INVALID_URL("invalid_url"),
    /** The body is, or says it is, larger than the request's cap. */
    TOO_LARGE("too_large"),
    /** A deadline passed, or the body came too slowly. */
    TIMED_OUT("timed_out"),
    /** Not declared as an image, or its first bytes are not those of one. */
    NOT_AN_IMAGE("not_an_image"),
    /** The body has a content coding, unasked, that is not decoded here, or is not in the one that it names. */
    BAD_ENCODING("bad_encoding"),
    /** The origin answered with a status other than 2xx, redirected badly, or sent a part unasked. */
    UPSTREAM_STATUS("upstream_status"),
    /** No connection, or one that broke before the body was whole. */
    CONNECTION_FAILED("connection_failed");

    private final String code;

    FetchFailure(String code) {
        this.code = code;
    }

    /** The stable, machine-readable name. */
    public String code() {
        return code;
    }
}
