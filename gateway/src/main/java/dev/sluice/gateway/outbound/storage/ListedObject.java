package dev.sluice.gateway.outbound.storage;

import java.time.Instant;

/**
 * An object as a listing tells it; {@link ObjectStore#stat} tells more.
 *
 * @param key what it is found by
 * @param length bytes
 * @param lastModified when it was stored, by the store's clock
 */
public record ListedObject(ObjectKey key, long length, Instant lastModified) {}
