package dev.sluice.gateway.outbound.picture.decode.vips;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A still WebP file with nothing in it but pixels. libvips 8.14.1 writes profile and Exif into WebP files even when it
 * is told not to.
 *
 * <pre>
 *   RIFF size WEBP   VP8X flags width height   only before ALPH
 *                    ALPH transparency         only with VP8
 *                    VP8␣ or VP8L  pixels      an even number of bytes, as every chunk
 * </pre>
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9649">RFC 9649, WebP image format</a>
 */
final class StrippedWebp {
    private static final int FILE_HEADER = 12;
    private static final int CHUNK_HEADER = 8;
    private static final int ALPHA = 0x10;
    private static final int FOURTEEN_BITS = 0x3fff;

    private final byte[] bytes;
    private final int width;
    private final int height;
    private final boolean hasAlpha;

    private StrippedWebp(byte[] bytes, int width, int height, boolean hasAlpha) {
        this.bytes = bytes;
        this.width = width;
        this.height = height;
        this.hasAlpha = hasAlpha;
    }

    /** The file, which nobody changes. */
    byte[] bytes() {
        return bytes;
    }

    /** In pixels. */
    int width() {
        return width;
    }

    /** In pixels. */
    int height() {
        return height;
    }

    /** Whether pixels can be transparent. */
    boolean hasAlpha() {
        return hasAlpha;
    }

    /**
     * What is in {@code file} without its metadata.
     *
     * @throws IOException if that is no still WebP file
     */
    static StrippedWebp of(byte[] file) throws IOException {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            if (bytes.getInt(0) != fourCc("RIFF") || bytes.getInt(8) != fourCc("WEBP")) {
                throw new IOException("no WebP file");
            }
            bytes.position(FILE_HEADER);
            return of(bytes);
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException cut) {
            throw new IOException("a WebP file that breaks off", cut);
        }
    }

    private static StrippedWebp of(ByteBuffer chunks) throws IOException {
        ByteBuffer alpha = null;
        while (chunks.hasRemaining()) {
            int start = chunks.position();
            int type = chunks.getInt();
            int length = chunks.getInt();
            ByteBuffer chunk =
                    chunks.slice(start, CHUNK_HEADER + length + (length & 1)).order(ByteOrder.LITTLE_ENDIAN);
            chunks.position(start + chunk.limit());
            if (type == fourCc("ALPH")) {
                alpha = chunk;
            } else if (type == fourCc("VP8 ")) {
                // RFC 6386, section 9.1: three bytes of frame tag, three of start code, then the sides.
                int width = chunk.getShort(CHUNK_HEADER + 6) & FOURTEEN_BITS;
                int height = chunk.getShort(CHUNK_HEADER + 8) & FOURTEEN_BITS;
                return new StrippedWebp(file(width, height, alpha, chunk), width, height, alpha != null);
            } else if (type == fourCc("VP8L")) {
                // RFC 9649, section 3.4: a signature, 14 bits for each side less one, one that speaks of transparency.
                int bits = chunk.getInt(CHUNK_HEADER + 1);
                int width = (bits & FOURTEEN_BITS) + 1;
                int height = (bits >>> 14 & FOURTEEN_BITS) + 1;
                return new StrippedWebp(file(width, height, null, chunk), width, height, (bits >>> 28 & 1) == 1);
            }
        }
        throw new IOException("a WebP file without pixels");
    }

    private static byte[] file(int width, int height, @Nullable ByteBuffer alpha, ByteBuffer pixels) {
        ByteArrayOutputStream chunks = new ByteArrayOutputStream();
        if (alpha != null) {
            ByteBuffer extended = ByteBuffer.allocate(CHUNK_HEADER + 10).order(ByteOrder.LITTLE_ENDIAN);
            extended.putInt(fourCc("VP8X")).putInt(10).putInt(ALPHA);
            extended.put(bits24(width - 1)).put(bits24(height - 1));
            chunks.writeBytes(extended.array());
            chunks.writeBytes(bytes(alpha));
        }
        chunks.writeBytes(bytes(pixels));
        ByteBuffer file = ByteBuffer.allocate(FILE_HEADER + chunks.size()).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(fourCc("RIFF")).putInt(chunks.size() + 4).putInt(fourCc("WEBP"));
        return file.put(chunks.toByteArray()).array();
    }

    private static byte[] bits24(int number) {
        return new byte[] {(byte) number, (byte) (number >> 8), (byte) (number >> 16)};
    }

    private static byte[] bytes(ByteBuffer chunk) {
        byte[] bytes = new byte[chunk.limit()];
        chunk.get(0, bytes);
        return bytes;
    }

    private static int fourCc(String letters) {
        return ByteBuffer.wrap(letters.getBytes(StandardCharsets.US_ASCII))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
    }
}
