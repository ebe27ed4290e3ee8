package dev.sluice.gateway.outbound.picture.decode.vips;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Whether a file holds an ICC profile, which says what colours its numbers mean. libvips converts well from a profile
 * and badly without one (8.14 makes blue violet), so it has to be known beforehand; a guess is enough, for libvips says
 * when it finds no use for the profile.
 *
 * <pre>
 *   size | … | class at 12 | colours at 16 | … | "acsp" at 36 | … to 128 | tags
 * </pre>
 *
 * @see <a href="https://www.color.org/specification/ICC.1-2022-05.pdf">ICC.1, section 7.2</a>
 */
final class IccProfile {
    private static final int LOOKED_AT = 1 << 20;
    private static final int HEADER = 128;
    private static final byte[] SIGNATURE = "acsp".getBytes(StandardCharsets.US_ASCII);
    private static final int SIGNATURE_AT = 36;
    private static final Set<String> CLASSES = Set.of("mntr", "scnr", "prtr", "spac");
    private static final Set<String> COLORS = Set.of("RGB ", "GRAY");
    private static final byte[] PNG_PROFILE = "iCCP".getBytes(StandardCharsets.US_ASCII);

    private IccProfile() {}

    /** Whether {@code file} holds a profile for colours of light or for grey, in its first megabyte. Blocks. */
    static boolean isIn(Path file, String mediaType) throws IOException {
        byte[] start;
        try (InputStream bytes = Files.newInputStream(file)) {
            start = bytes.readNBytes(LOOKED_AT);
        }
        return switch (mediaType) {
            case "image/gif", "image/svg+xml" -> false;
            case "image/png" -> isUsable(inflated(start));
            default -> isUsable(profile(start));
        };
    }

    private static boolean isUsable(byte @Nullable [] profile) {
        return profile != null && profile.length >= HEADER && COLORS.contains(text(profile, 16));
    }

    /** The start of what looks like a profile. */
    private static byte @Nullable [] profile(byte[] file) {
        for (int at = indexOf(file, SIGNATURE, SIGNATURE_AT); at >= 0; at = indexOf(file, SIGNATURE, at + 1)) {
            int start = at - SIGNATURE_AT;
            if (CLASSES.contains(text(file, start + 12))) {
                return Arrays.copyOfRange(file, start, Math.min(file.length, start + HEADER));
            }
        }
        return null;
    }

    /** PNG's chunk: a name that a zero ends, the method of compression, the profile, deflated. */
    private static byte @Nullable [] inflated(byte[] png) {
        int at = 8;
        while (at + 8 <= png.length) {
            int length = ByteBuffer.wrap(png).getInt(at);
            if (length < 0 || length > png.length - at - 8) {
                return null;
            }
            if (Arrays.equals(png, at + 4, at + 8, PNG_PROFILE, 0, 4)) {
                int name = indexOf(png, new byte[1], at + 8);
                return name < 0 ? null : inflated(png, name + 2, at + 8 + length);
            }
            at += length + 12;
        }
        return null;
    }

    private static byte @Nullable [] inflated(byte[] bytes, int start, int end) {
        if (start >= end) {
            return null;
        }
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(bytes, start, end - start);
            ByteArrayOutputStream profile = new ByteArrayOutputStream();
            byte[] part = new byte[HEADER];
            profile.write(part, 0, inflater.inflate(part));
            return profile.toByteArray();
        } catch (DataFormatException damaged) {
            return null;
        } finally {
            inflater.end();
        }
    }

    private static String text(byte[] bytes, int at) {
        return new String(bytes, at, 4, StandardCharsets.ISO_8859_1);
    }

    private static int indexOf(byte[] bytes, byte[] wanted, int from) {
        for (int at = Math.max(0, from); at <= bytes.length - wanted.length; at++) {
            if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        return -1;
    }
}
