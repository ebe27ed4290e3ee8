package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.StoredText;
import java.util.regex.Pattern;

/**
 * What is known of an object in the store.
 *
 * @param key printable ASCII, at most 512 characters
 * @param contentType as its magic bytes say
 * @param size in bytes
 * @param crc32 of all its bytes, unsigned
 * @param etag of its bytes, for example their SHA-256
 * @param width in pixels
 * @param height in pixels
 */
public record ImageObject(String key, String contentType, long size, long crc32, String etag, int width, int height) {
    private static final int LONGEST_KEY = 512;
    private static final int LONGEST_TYPE = 127;
    private static final int LONGEST_ETAG = 255;
    private static final long HIGHEST_CRC = 0xFFFF_FFFFL;
    private static final Pattern KEY = Pattern.compile("[!-~]+");

    public ImageObject {
        checkKey(key);
        StoredText.checkNotBlank("contentType", contentType, LONGEST_TYPE);
        StoredText.checkNotBlank("etag", etag, LONGEST_ETAG);
        if (size < 0 || crc32 < 0 || crc32 > HIGHEST_CRC || width < 0 || height < 0) {
            throw new IllegalArgumentException("size " + size + ", crc32 " + crc32 + ", width " + width + ", height "
                    + height + " (expected: none negative, crc32 of 32 bits)");
        }
    }

    static void checkKey(String key) {
        if (key.length() > LONGEST_KEY || !KEY.matcher(key).matches()) {
            throw new IllegalArgumentException(
                    "object key: " + key + " (expected: 1 to " + LONGEST_KEY + " printable ASCII characters)");
        }
    }
}
