package dev.sluice.gateway.outbound.storage;

import java.time.Duration;
import reactor.core.publisher.Mono;

/** A store that takes uploads straight from clients, and is told beforehand what it may take. */
public interface PresignedUploads {

    /**
     * A request with which anybody can put this object and nothing else: length, content type and metadata are part of
     * the signature. All that a client has to send of them is what a browser sends of a file by itself. The object
     * itself is not made. A store may take the request again and replace what is there, so what was checked has to be
     * kept under another key.
     *
     * @param expiresIn 1 second to 7 days
     */
    Mono<PresignedPut> presignPut(ObjectKey key, NewObject object, Duration expiresIn);
}
