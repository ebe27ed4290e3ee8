package dev.sluice.gateway.outbound.http;

import java.util.Locale;

/** Why a provider did not answer, or answered in part. */
public enum ProviderFailure {
    /** There is no key, so nothing was tried. */
    NOT_CONFIGURED(Retry.NO),
    /** All connections are in use and none became free in time; nothing was sent. */
    OVERLOADED(Retry.NO),
    /** No connection, or one that broke before a byte of an answer. */
    UNREACHABLE(Retry.YES),
    /** No byte of a response arrived in time. */
    TIMED_OUT(Retry.YES),
    /** The request went out and no answer came; whether it was carried out, and paid for, is not known. */
    UNCERTAIN(Retry.NO),
    /** A response began and stalled. */
    STALLED(Retry.NO),
    /** A status of 500 and over. */
    SERVER_ERROR(Retry.YES),
    /** The provider limits the rate: status 429. */
    BUSY(Retry.NO),
    /** The provider does not want the request: any other status of 400 and over. */
    REFUSED(Retry.NO),
    /** The provider read the prompt, or its own answer, and will not have it. */
    BLOCKED(Retry.NO),
    /** The provider took the request, worked on it and could not do it, or stopped. */
    FAILED(Retry.NO),
    /** An answer that cannot be read, is too large, or broke off. */
    BROKEN_ANSWER(Retry.NO),
    /** The provider ended its answer before it was whole, and said so. */
    INCOMPLETE(Retry.NO);

    private enum Retry {
        YES,
        NO
    }

    private final Retry retry;

    ProviderFailure(Retry retry) {
        this.retry = retry;
    }

    /** Whether a retry can succeed and costs nothing twice: no byte of a response had arrived. */
    public boolean isRetryable() {
        return retry == Retry.YES;
    }

    /** The name in meters and logs. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
