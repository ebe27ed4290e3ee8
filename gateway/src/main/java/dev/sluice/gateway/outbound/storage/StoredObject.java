package dev.sluice.gateway.outbound.storage;

import java.time.Instant;
import java.util.Map;

/**
 * An object that is there.
 *
 * @param key what it is found by
 * @param length bytes
 * @param contentType as it was put
 * @param metadata as it was put
 * @param lastModified when it was stored, by the store's clock
 */
public record StoredObject(
        ObjectKey key, long length, String contentType, Map<String, String> metadata, Instant lastModified) {
    /** Takes a copy of the metadata. */
    public StoredObject {
        metadata = Map.copyOf(metadata);
    }
}
