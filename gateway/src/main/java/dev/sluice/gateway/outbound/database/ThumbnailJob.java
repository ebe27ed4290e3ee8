package dev.sluice.gateway.outbound.database;

import java.util.UUID;

/**
 * The right to make an image's thumbnails, until its lease ends and another claims it.
 *
 * @param owner of the image
 * @param objectKey of the image itself
 * @param contentType of the image itself
 * @param attempt the fence, which no later claim shares: 0 for whoever has stored the image, 1 for the first claim
 */
public record ThumbnailJob(UUID imageId, String owner, String objectKey, String contentType, int attempt) {

    /** The right of whoever has just stored the image: it needs no claim. */
    public static ThumbnailJob ofStored(UUID imageId, String owner, StoredObject object) {
        return new ThumbnailJob(imageId, owner, object.key(), object.contentType(), 0);
    }
}
