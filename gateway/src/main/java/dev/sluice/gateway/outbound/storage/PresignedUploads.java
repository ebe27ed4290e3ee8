package dev.sluice.gateway.outbound.storage;

import java.time.Duration;
import reactor.core.publisher.Mono;

/** A store that takes uploads straight from clients, and is told beforehand what it may take. */
public interface PresignedUploads {

    /**
     * A request with which anybody can put this object and nothing else, once: length, content type and metadata are
     * part of the signature, and an object that is there is not replaced. The object itself is not made.
     *
     * @param expiresIn 1 second to 7 days
     */
    Mono<PresignedPut> presignPut(ObjectKey key, NewObject object, Duration expiresIn);
}
