package dev.sluice.gateway.outbound.storage;

import java.net.URI;
import java.time.Instant;
import java.util.Map;

/**
 * An upload that a client may make. The URL is a credential: it belongs in no log.
 *
 * @param method {@code PUT}
 * @param url where to
 * @param headers to be sent exactly so, by lower-case name. {@code content-length} is among them; browsers set that one
 *     by themselves, and let no script do it
 * @param expiresAt the last moment at which the upload may begin
 */
public record PresignedPut(String method, URI url, Map<String, String> headers, Instant expiresAt) {
    /** Takes a copy of the headers. */
    public PresignedPut {
        headers = Map.copyOf(headers);
    }

    /** Without the signature. */
    @Override
    public String toString() {
        return "PresignedPut[" + method + " " + url.getRawPath() + ", " + headers.keySet() + ", " + expiresAt + "]";
    }
}
