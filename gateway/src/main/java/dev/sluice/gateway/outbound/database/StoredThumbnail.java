package dev.sluice.gateway.outbound.database;

import java.util.regex.Pattern;

/**
 * A row of {@code thumbnails}: a smaller copy of an image.
 *
 * @param key of its object, printable ASCII without a comma, at most 512 characters
 * @param contentType as it was encoded
 * @param size in bytes
 * @param etag of its bytes, quoted
 * @param width in pixels; no two of one image have the same
 * @param height in pixels
 */
public record StoredThumbnail(String key, String contentType, long size, String etag, int width, int height) {
    private static final int LONGEST_TYPE = 127;
    private static final int LONGEST_ETAG = 255;
    /** So that several fit into one text: see {@link ImageRows}. */
    private static final Pattern WORD = Pattern.compile("[!-~&&[^,]]+");

    public StoredThumbnail {
        StoredObject.checkKey(key);
        Text.checkPresent("contentType", contentType, LONGEST_TYPE);
        Text.checkPresent("etag", etag, LONGEST_ETAG);
        for (String word : new String[] {key, contentType, etag}) {
            if (!WORD.matcher(word).matches()) {
                throw new IllegalArgumentException(
                        "thumbnail: " + word + " (expected: printable ASCII without space and comma)");
            }
        }
        if (size < 1 || width < 1 || height < 1) {
            throw new IllegalArgumentException(
                    "size " + size + ", width " + width + ", height " + height + " (expected: 1 or more)");
        }
    }
}
