package dev.sluice.gateway.outbound.database.image;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place in a listing: right after an image, whether or not that is still there. Whatever is added or deleted
 * elsewhere does not move it. Clients get it as a text that only the gateway reads, base64url without padding of
 *
 * <pre>
 *   8 bytes  when the image was created, in microseconds since 1970-01-01T00:00:00Z
 *  16 bytes  the image's id
 * </pre>
 *
 * It is not signed: it gives access to nothing that a page number would not.
 *
 * @param createdAt in whole microseconds, as it stands in the row
 */
public record ImageCursor(Instant createdAt, UUID id) {
    private static final Pattern TEXT = Pattern.compile("[A-Za-z0-9_-]{32}");
    private static final int LENGTH = Long.BYTES + 2 * Long.BYTES;
    /** Databases do not hold every time that the bytes can name. */
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

    static ImageCursor after(Image image) {
        return new ImageCursor(image.createdAt(), image.id());
    }

    /** What a text stands for; null if it is none of {@link #text}. */
    public static @Nullable ImageCursor parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
        long micros = bytes.getLong();
        return micros < 0 || micros > micros(LATEST)
                ? null
                : new ImageCursor(
                        Instant.EPOCH.plus(micros, ChronoUnit.MICROS), new UUID(bytes.getLong(), bytes.getLong()));
    }

    /** As clients get it: 32 letters, digits, {@code -} and {@code _}. */
    public String text() {
        byte[] bytes = ByteBuffer.allocate(LENGTH)
                .putLong(micros(createdAt))
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }
}
