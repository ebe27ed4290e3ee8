package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/**
 * What the chunks of a WebP file say (RFC 9649).
 *
 * <pre>
 *   RIFF, length 4, WEBP, chunks                             what follows the length is no part of the image
 *   chunk: type 4, length 4, data, a byte if that is odd
 *   VP8   frame tag 3, 9D 01 2A, width 2, height 2 …         lossy, alone or within an extended file
 *   VP8L  2F, width - 1 and height - 1 14 bits, alpha 1 …    lossless, likewise
 *   VP8X  flags 4, canvas's width - 1 3, height - 1 3        extended: the canvas is the picture's size, then
 *         ANMF: left / 2, top / 2, width - 1, height - 1, milliseconds 3 each, flags 1, chunks of the frame
 *         EXIF
 * </pre>
 *
 * <p>libwebp, which all viewers use, is strict: a length beyond the end, a missing last byte, an image of another size
 * than its canvas are errors. Exif counts where the flag says that there is some; Chromium ignores it, Pillow and
 * libvips turn the picture, and so does this.
 */
final class WebpFile {
    static final ImageType TYPE = new ImageType("image/webp", "webp");

    private static final String NAME = "WebP";
    private static final int HEADER = 8;
    private static final int MOST_CHUNKS = 1_000_000;
    private static final int FRAME_HEADER = 16;
    private static final int ANIMATED = 0x02;
    private static final int WITH_EXIF = 0x08;
    private static final int WITH_ALPHA = 0x10;

    private final FileBytes bytes;
    private final PixelLimit limit;
    private long end;
    private int chunks;
    private int flags;
    private int width;
    private int height;
    private int frames;
    private boolean isLossless;
    private boolean hasAlpha;
    private int orientation = Exif.UPRIGHT;

    private WebpFile(FileBytes bytes, PixelLimit limit) {
        this.bytes = bytes;
        this.limit = limit;
    }

    static PictureHeader read(FileChannel file, PixelLimit limit) throws IOException {
        return new WebpFile(new FileBytes(file, NAME).order(ByteOrder.LITTLE_ENDIAN), limit).read();
    }

    /** A chunk whose data is next, and where the one after it begins. */
    private record Chunk(String type, long length, long next) {}

    /** An image as it is coded. */
    private record Coded(int width, int height, boolean isLossless, boolean hasAlpha) {}

    private PictureHeader read() throws IOException {
        bytes.seek(4);
        end = HEADER + bytes.u32();
        bytes.skip(4);
        if (end > bytes.length()) {
            throw damaged("it is shorter than it says");
        }
        Chunk first = chunk(end);
        if ("VP8X".equals(first.type)) {
            extended(first);
        } else {
            still(coded(first));
        }
        boolean isAnimated = (flags & ANIMATED) != 0;
        if (frames == 0) {
            throw damaged("it has no image");
        }
        return PictureHeader.ofStored(
                TYPE,
                width,
                height,
                isAnimated ? frames : 1,
                orientation,
                isLossless || isAnimated ? Coding.WHOLE : Coding.ROWS,
                hasAlpha);
    }

    /** The chunk that begins here and lies before {@code limit}. */
    private Chunk chunk(long limit) throws IOException {
        if (++chunks > MOST_CHUNKS) {
            throw PictureException.unsupported("WebP of more than " + MOST_CHUNKS + " chunks");
        }
        String type = bytes.letters();
        long length = bytes.u32();
        long next = bytes.position() + length + (length & 1);
        if (next > limit) {
            throw damaged("a chunk is longer than what it is in");
        }
        return new Chunk(type, length, next);
    }

    private void still(Coded image) {
        limit.check(NAME, image.width, image.height);
        width = image.width;
        height = image.height;
        isLossless = image.isLossless;
        hasAlpha = image.hasAlpha;
        frames = 1;
    }

    private void extended(Chunk header) throws IOException {
        if (header.length < 10) {
            throw damaged("its header is too short");
        }
        flags = (int) bytes.u32();
        width = bytes.u24() + 1;
        height = bytes.u24() + 1;
        hasAlpha = (flags & WITH_ALPHA) != 0;
        limit.check(NAME, width, height);
        for (long at = header.next; end - at >= HEADER; ) {
            bytes.seek(at);
            Chunk chunk = chunk(end);
            switch (chunk.type) {
                case "ANMF" -> frame(chunk);
                case "VP8 ", "VP8L" -> image(chunk);
                case "EXIF" -> exif(chunk);
                default -> {}
            }
            at = chunk.next;
        }
    }

    /** An animated file's images are in its frames; any other is no part of it. */
    private void image(Chunk chunk) throws IOException {
        if ((flags & ANIMATED) == 0 && frames == 0) {
            checkSize(coded(chunk), width, height);
            frames = 1;
        }
    }

    private void frame(Chunk chunk) throws IOException {
        if ((flags & ANIMATED) == 0) {
            return;
        }
        if (chunk.length < FRAME_HEADER) {
            throw damaged("a frame is too short");
        }
        long left = 2L * bytes.u24();
        long top = 2L * bytes.u24();
        int columns = bytes.u24() + 1;
        int rows = bytes.u24() + 1;
        bytes.skip(4);
        if (left + columns > width || top + rows > height) {
            throw damaged("a frame reaches beyond its canvas");
        }
        Chunk part = chunk(chunk.next);
        if ("ALPH".equals(part.type)) {
            bytes.seek(part.next);
            part = chunk(chunk.next);
        }
        checkSize(coded(part), columns, rows);
        frames++;
    }

    private void checkSize(Coded image, int columns, int rows) {
        if (image.width != columns || image.height != rows) {
            throw damaged("an image is not as large as its frame");
        }
        isLossless |= image.isLossless;
    }

    private Coded coded(Chunk chunk) throws IOException {
        if ("VP8L".equals(chunk.type) && chunk.length >= 5 && bytes.u8() == 0x2f) {
            long fields = bytes.u32();
            return new Coded(
                    (int) (fields & 0x3fff) + 1, (int) ((fields >> 14) & 0x3fff) + 1, true, ((fields >> 28) & 1) != 0);
        }
        if ("VP8 ".equals(chunk.type) && chunk.length >= 10) {
            boolean isKeyFrame = (bytes.u24() & 1) == 0;
            if (bytes.u24() == 0x2a019d && isKeyFrame) {
                return new Coded(bytes.u16() & 0x3fff, bytes.u16() & 0x3fff, false, false);
            }
        }
        throw damaged("an image has no header");
    }

    private void exif(Chunk chunk) throws IOException {
        if ((flags & WITH_EXIF) != 0) {
            byte[] content = bytes.bytes(Math.min(chunk.length, Exif.MOST));
            orientation = Exif.orientation(Exif.withoutPrefix(content));
        }
    }

    private static PictureException damaged(String how) {
        return PictureException.damaged(NAME, how);
    }
}
