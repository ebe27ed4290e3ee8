package dev.sluice.gateway.outbound.database;

import java.util.UUID;

/**
 * A row or an intent that names an object.
 *
 * @param deleting whether the image is being deleted, so that the object may already be gone
 */
public record ObjectReference(String key, UUID imageId, long size, boolean deleting, Kind kind) {

    /** What the object is. */
    public enum Kind {
        /** The image itself. */
        IMAGE,
        /** A smaller copy of it, which can be made again. */
        THUMBNAIL,
        /** Whatever was announced, or given up and not forgotten yet: it may be there or not. */
        ANNOUNCED
    }
}
