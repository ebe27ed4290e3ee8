package dev.sluice.gateway.outbound.storage;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import reactor.core.publisher.Mono;

/** Signs requests with which clients upload straight to the store. */
public interface PresignedUploads {

    /**
     * A request with which anybody can put this object and nothing else: length, content type and metadata are part of
     * the signature. All that a client has to send of them is what a browser sends of a file by itself. The object
     * itself is not made. A store may take the request again and replace what is there, so what was checked has to be
     * kept under another key.
     *
     * @param expiresIn 1 second to 7 days
     */
    Mono<SignedPut> presignPut(ObjectKey key, NewObject object, Duration expiresIn);

    /**
     * An upload that a client may make. The URL is a credential: it belongs in no log.
     *
     * @param method {@code PUT}
     * @param url where to
     * @param headers to be sent exactly so, by lower-case name. {@code content-length} is among them; browsers set that
     *     one by themselves, and let no script do it
     * @param expiresAt the last moment at which the upload may begin
     */
    record SignedPut(String method, URI url, Map<String, String> headers, Instant expiresAt) {
        /** Takes a copy of the headers. */
        public SignedPut {
            headers = Map.copyOf(headers);
        }

        /** Without the signature. */
        @Override
        public String toString() {
            return "SignedPut[" + method + " " + url.getRawPath() + ", " + headers.keySet() + ", " + expiresAt + "]";
        }
    }
}
