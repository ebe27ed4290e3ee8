package dev.sluice.gateway.outbound.storage;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What an object is to be.
 *
 * @param contentType a media type such as {@code image/png}; found in the bytes, not in a name
 * @param length bytes, up to 5 GiB: what S3 takes in one request
 * @param metadata names of lower-case letters, digits and hyphens, values of printable ASCII without spaces at their
 *     ends; 2,000 characters in all, as S3 takes
 */
public record NewObject(String contentType, long length, Map<String, String> metadata) {
    private static final long LONGEST = 5L << 30;
    private static final int LONGEST_TYPE = 200;
    private static final int MOST_METADATA = 2000;
    private static final Pattern TYPE = Pattern.compile("[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[!-~]+)*");
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
    private static final Pattern VALUE = Pattern.compile("[!-~]([ -~]*[!-~])?");

    /** Checks every part. */
    public NewObject {
        if (contentType.length() > LONGEST_TYPE || !TYPE.matcher(contentType).matches()) {
            throw new IllegalArgumentException("contentType: " + contentType + " (expected: type/subtype)");
        }
        if (length < 0 || length > LONGEST) {
            throw new IllegalArgumentException("length: " + length + " (expected: 0 to " + LONGEST + ")");
        }
        metadata = Map.copyOf(metadata);
        int size = 0;
        for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
            if (!NAME.matcher(entry.getKey()).matches()
                    || !VALUE.matcher(entry.getValue()).matches()) {
                throw new IllegalArgumentException("metadata: " + entry
                        + " (expected: a name of lower-case letters, digits and hyphens, a value of printable ASCII)");
            }
            size += entry.getKey().length() + entry.getValue().length();
        }
        if (size > MOST_METADATA) {
            throw new IllegalArgumentException(
                    "metadata: " + size + " characters (expected: at most " + MOST_METADATA + ")");
        }
    }

    /** An object without metadata. */
    public NewObject(String contentType, long length) {
        this(contentType, length, Map.of());
    }
}
