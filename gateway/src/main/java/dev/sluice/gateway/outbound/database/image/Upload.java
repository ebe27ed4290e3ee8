package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.StoredText;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code uploads}: an image that somebody has announced to upload.
 *
 * @param imageId what the image will be called in the gallery
 * @param listing what it is for
 * @param name what its sender calls it, at most 64 characters; unique within one owner's listing
 * @param objectKey where it is to be put
 * @param contentType what it is to be
 * @param size in bytes, exactly
 * @param isPrimary whether it is the first image of its listing
 * @param fileName what the file is called where it comes from, if that was said; at most 255 characters
 * @param displayOrder its place among the others, if that was said
 */
public record Upload(
        UUID imageId,
        String owner,
        Image.Listing listing,
        String name,
        String objectKey,
        String contentType,
        long size,
        @Nullable String fileName,
        boolean isPrimary,
        @Nullable Integer displayOrder) {
    private static final int LONGEST_NAME = 64;
    private static final int LONGEST_TYPE = 127;

    public Upload {
        StoredText.checkNotBlank("owner", owner, Image.LONGEST_NAME);
        StoredText.checkNotBlank("listingId", listing.listingId(), LONGEST_NAME);
        StoredText.checkNotBlank("name", name, LONGEST_NAME);
        StoredText.checkNotBlank("contentType", contentType, LONGEST_TYPE);
        StoredText.check("fileName", fileName, Image.LONGEST_NAME);
        ImageObject.checkKey(objectKey);
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + " (expected: 1 or more)");
        }
    }
}
