package dev.sluice.gateway.outbound.fetch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.tika.io.TikaInputStream;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.mime.MimeTypes;
import org.apache.tika.parser.ParseContext;
import org.jspecify.annotations.Nullable;

/**
 * Tells an image's format from its first bytes.
 *
 * <p>Tika's magic numbers decide, less than a tenth of a millisecond for what {@link #RASTER_START} holds. It goes by
 * an ISO base media file's major brand alone, so two cases are told apart here: AVIF under the neutral brand
 * {@code mif1}, and AVIF sequences, which it takes for QuickTime (ISO/IEC 23000-12 and the AVIF specification, section
 * 6).
 */
public final class ImageTypes {
    /** Bytes to look at for any format but SVG. */
    static final int RASTER_START = 128;

    /** Bytes in which the root element of an SVG must begin. */
    static final int SVG_START = 4096;

    private static final byte[] JPEG_START = {(byte) 0xff, (byte) 0xd8, (byte) 0xff};
    private static final byte[] PNG_START = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte[] GIF87_START = "GIF87a".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] GIF89_START = "GIF89a".getBytes(StandardCharsets.US_ASCII);

    private static final ImageType SVG = new ImageType("image/svg+xml", "svg");
    private static final ImageType AVIF = new ImageType("image/avif", "avif");
    private static final Map<String, ImageType> KNOWN = Map.ofEntries(
            known("image/png", "image/png", "png"),
            known("image/jpeg", "image/jpeg", "jpg"),
            known("image/gif", "image/gif", "gif"),
            known("image/webp", "image/webp", "webp"),
            known("image/avif", "image/avif", "avif"),
            known("image/heic", "image/heic", "heic"),
            known("image/heic-sequence", "image/heic-sequence", "heic"),
            known("image/heif", "image/heif", "heif"),
            known("image/heif-sequence", "image/heif-sequence", "heif"),
            known("image/bmp", "image/bmp", "bmp"),
            known("image/tiff", "image/tiff", "tiff"),
            known("image/jxl", "image/jxl", "jxl"),
            known("image/vnd.microsoft.icon", "image/x-icon", "ico"));

    /** An optional byte order mark, XML declaration, comments and a document type without a subset, then the root. */
    private static final Pattern SVG_ROOT = Pattern.compile(
            "\\x{FEFF}?\\s*+(?:<\\?xml\\s[^>]*+>\\s*+)?+(?:<!--(?:(?!-->).)*+-->\\s*+)*+"
                    + "(?:<!DOCTYPE\\s++svg\\b[^>\\[]*+>\\s*+)?+(?:<!--(?:(?!-->).)*+-->\\s*+)*+<(?:svg:)?svg[\\s>/].*+",
            Pattern.DOTALL);

    /** Thread-safe; one is enough. */
    public ImageTypes() {}

    private final MimeTypes magic = MimeTypes.getDefaultMimeTypes();

    /** The format of an image that begins with {@code start}; null when it is none, or an SVG. */
    public @Nullable ImageType raster(byte[] start) {
        ImageType usual = usual(start);
        if (usual != null) {
            return usual;
        }
        if (isAvif(start)) {
            return AVIF;
        }
        try (var bytes = TikaInputStream.get(start)) {
            return KNOWN.get(magic.detect(bytes, new Metadata(), new ParseContext())
                    .getBaseType()
                    .toString());
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
    }

    /** The three formats that nearly all images have, without a walk through every format that Tika knows. */
    private static @Nullable ImageType usual(byte[] start) {
        if (begins(start, JPEG_START)) {
            return KNOWN.get("image/jpeg");
        }
        if (begins(start, PNG_START)) {
            return KNOWN.get("image/png");
        }
        return begins(start, GIF87_START) || begins(start, GIF89_START) ? KNOWN.get("image/gif") : null;
    }

    private static boolean begins(byte[] start, byte[] signature) {
        return start.length >= signature.length
                && Arrays.equals(start, 0, signature.length, signature, 0, signature.length);
    }

    /** SVG when {@code start} begins like one, in UTF-8 or ASCII; else null. */
    static @Nullable ImageType svg(byte[] start) {
        return SVG_ROOT.matcher(new String(start, StandardCharsets.UTF_8)).matches() ? SVG : null;
    }

    /** A file type box (ISO/IEC 14496-12 section 4.3) among whose brands is avif or avis. */
    private static boolean isAvif(byte[] start) {
        if (start.length < 16 || !brandAt(start, 4, "ftyp")) {
            return false;
        }
        int size = (start[0] & 0xff) << 24 | (start[1] & 0xff) << 16 | (start[2] & 0xff) << 8 | (start[3] & 0xff);
        int end = Math.min(size, start.length) - 4;
        for (int at = 8; at <= end; at += 4) {
            if (at != 12 && (brandAt(start, at, "avif") || brandAt(start, at, "avis"))) {
                return true;
            }
        }
        return false;
    }

    private static boolean brandAt(byte[] bytes, int at, String brand) {
        return new String(bytes, at, 4, StandardCharsets.ISO_8859_1).equals(brand);
    }

    private static Map.Entry<String, ImageType> known(String detected, String mediaType, String extension) {
        return Map.entry(detected, new ImageType(mediaType, extension));
    }
}
