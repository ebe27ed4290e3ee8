package dev.sluice.gateway.outbound.storage;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an object is found by: segments of {@code A-Z a-z 0-9 . _ -} with {@code /} between them, none of them empty,
 * {@code .} or {@code ..}; at most 512 characters. So a key is safe as a path, as a URL and in a log.
 *
 * @param value the key, for example {@code images/2026/11/21/6f1c7c0e-….png}
 */
public record ObjectKey(String value) implements Comparable<ObjectKey> {
    private static final int LONGEST = 512;
    private static final String TENANTS = "t/";
    /** Of one segment: what file systems take, less the store's own mark. */
    private static final int LONGEST_SEGMENT = 250;

    private static final Pattern SEGMENT = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9._-]{1," + LONGEST_SEGMENT + "}");
    private static final Pattern EXTENSION = Pattern.compile("[a-z0-9]{1,8}");
    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("yyyy/MM/dd", Locale.ROOT).withZone(ZoneOffset.UTC);
    /** 128 bits: no two tenants are mistaken for each other. */
    private static final int TENANT_BYTES = 16;

    /** Checks the form. */
    public ObjectKey {
        if (!isValid(value)) {
            throw new IllegalArgumentException("key: " + value + " (expected: segments of A-Z a-z 0-9 . _ - with /"
                    + " between them, at most " + LONGEST + " characters)");
        }
    }

    /** Whether {@code value} can be a key. */
    public static boolean isValid(String value) {
        if (value.length() > LONGEST) {
            return false;
        }
        for (String segment : value.split("/", -1)) {
            if (!SEGMENT.matcher(segment).matches()) {
                return false;
            }
        }
        return true;
    }

    /**
     * The key of an image: {@code images/yyyy/MM/dd/<id>.<extension>}, by the day in UTC, after the
     * {@link #tenantPrefix} if there is a tenant.
     *
     * @param extension lower-case letters and digits, without a dot
     */
    public static ObjectKey image(@Nullable String tenant, Instant stored, UUID id, String extension) {
        return ofDay(tenant, "images", stored, id, extension);
    }

    /**
     * The key under which a tenant's client may put what it uploads: {@code uploads/yyyy/MM/dd/<id>.<extension>} after
     * the {@link #tenantPrefix}, by the day in UTC. A holder of the URL may replace the object, so nobody is served
     * from it.
     *
     * @param extension lower-case letters and digits, without a dot
     */
    public static ObjectKey upload(String tenant, Instant announced, UUID id, String extension) {
        return ofDay(tenant, "uploads", announced, id, extension);
    }

    private static ObjectKey ofDay(@Nullable String tenant, String kind, Instant day, UUID id, String extension) {
        checkExtension(extension);
        String prefix = tenant == null ? "" : tenantPrefix(tenant);
        return new ObjectKey(prefix + kind + "/" + DAY.format(day) + "/" + id + "." + extension);
    }

    /**
     * The key of a smaller copy of {@code image}, beside it: {@code images/yyyy/MM/dd/<id>.<width>.<copy>.<extension>}.
     *
     * @param width of the copy, in pixels
     * @param copy never used before with this image and width
     * @param extension lower-case letters and digits, without a dot
     */
    public static ObjectKey thumbnail(ObjectKey image, int width, UUID copy, String extension) {
        checkExtension(extension);
        String name = image.value();
        int dot = name.indexOf('.', name.lastIndexOf('/') + 2);
        String stem = dot < 0 ? name : name.substring(0, dot);
        return new ObjectKey(stem + "." + width + "." + copy + "." + extension);
    }

    /**
     * What all keys of a tenant begin with: {@code t/<hash>/}, the hash being the first 128 bits of the SHA-256 of its
     * name in hexadecimal. Any name will do, none can reach into another's keys, and a bucket's listing tells nobody
     * who its users are.
     */
    public static String tenantPrefix(String tenant) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(tenant.getBytes(StandardCharsets.UTF_8));
            return TENANTS + HexFormat.of().formatHex(hash, 0, TENANT_BYTES) + "/";
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }

    /** The {@link #tenantPrefix} that the key begins with; empty if there is none. */
    public String tenant() {
        return tenantOf(value);
    }

    /** As {@link #tenant}, of a key as text. */
    public static String tenantOf(String key) {
        return key.startsWith(TENANTS) ? key.substring(0, key.indexOf('/', TENANTS.length()) + 1) : "";
    }

    private static void checkExtension(String extension) {
        if (!EXTENSION.matcher(extension).matches()) {
            throw new IllegalArgumentException(
                    "extension: " + extension + " (expected: 1 to 8 lower-case letters and digits)");
        }
    }

    @Override
    public int compareTo(ObjectKey other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
