package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Reach;

/** Judges URLs without fetching anything, as every fetch judges them first. */
public final class OriginUrls {
    /** Longest URL, in characters, as it is written and as it is spelled. Presigned ones have a few thousand. */
    public static final int LONGEST = 8192;

    private final UrlGuard guard;

    OriginUrls(UrlGuard guard) {
        this.guard = guard;
    }

    /**
     * The one spelling of all URLs that name the same resource in the same way: scheme and host in lower case, the host
     * in ASCII, no default port, no fragment, no dot segments; percent-encoded where it has to be.
     *
     * @throws FetchException {@link FetchFailure#INVALID_URL}, or {@link FetchFailure#BLOCKED_ADDRESS} when the host is
     *     written as an address that may not be reached; names are not resolved
     */
    public String canonical(String url, Reach reach) {
        return guard.check(url, reach).uri().toString();
    }
}
