package dev.sluice.gateway.outbound.database;

/**
 * An object that is about to be put.
 *
 * @param key never used before
 * @param size in bytes
 */
public record AnnouncedObject(String key, long size) {
    /** Checks the form. */
    public AnnouncedObject {
        StoredObject.checkKey(key);
        if (size < 0) {
            throw new IllegalArgumentException("size: " + size + " (expected: 0 or more)");
        }
    }
}
