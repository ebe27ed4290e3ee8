package dev.sluice.gateway.outbound.http;

import java.util.Locale;

/** Why a provider gave no answer, or no whole one. */
public enum ProviderFailure {
    /** There is no key, so nothing was tried. */
    NOT_CONFIGURED(Again.NO),
    /** All connections are in use and none became free in time; nothing was sent. */
    OVERLOADED(Again.NO),
    /** No connection, or one that broke before a byte of an answer. */
    UNREACHABLE(Again.YES),
    /** Not a byte of an answer in time. */
    TIMED_OUT(Again.YES),
    /** The request went out and no answer came; whether it was carried out, and paid for, is not known. */
    UNCERTAIN(Again.NO),
    /** An answer began and did not go on in time. */
    STALLED(Again.NO),
    /** A status of 500 and over. */
    SERVER_ERROR(Again.YES),
    /** The provider asks for patience: status 429. */
    BUSY(Again.NO),
    /** The provider does not want the request: any other status of 400 and over. */
    REFUSED(Again.NO),
    /** The provider read the prompt, or its own answer, and will not have it. */
    BLOCKED(Again.NO),
    /** The provider took the request, worked on it and could not do it, or stopped. */
    FAILED(Again.NO),
    /** An answer that cannot be read, is too large, or broke off. */
    BROKEN_ANSWER(Again.NO),
    /** The provider ended its answer before it was whole, and said so. */
    INCOMPLETE(Again.NO);

    private enum Again {
        YES,
        NO
    }

    private final Again again;

    ProviderFailure(Again again) {
        this.again = again;
    }

    /** Whether another try may go better and costs nothing twice: no byte of an answer had arrived. */
    public boolean isRetryable() {
        return again == Again.YES;
    }

    /** The name in meters and logs. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
