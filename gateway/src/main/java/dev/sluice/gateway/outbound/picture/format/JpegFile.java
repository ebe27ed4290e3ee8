package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * What the markers of a JPEG file say (ITU-T T.81 annex B).
 *
 * <pre>
 *   FFD8                            start of image
 *   FFxx, length 2, content …       segments: APP1 (Exif), tables, SOFn (bits 1, height 2, width 2, components 1 …)
 *   FFDA, length 2, header, data    a scan; its data reaches to the next marker that is neither FF00 nor RSTn
 *   FFD9                            end of image; what follows is no part of it
 * </pre>
 *
 * <p>Viewers skip stray bytes between segments, and so does this. The end marker must be there: Pillow refuses a file
 * without, and Chromium leaves its last rows out. Huffman tables need not be: a file without any has the usual ones.
 */
final class JpegFile {
    static final ImageType TYPE = new ImageType("image/jpeg", "jpg");

    private static final String NAME = "JPEG";

    /** A decoder goes over the whole picture for each: libvips takes no more either. */
    private static final int MOST_SCANS = 100;

    private static final int SOF0 = 0xc0;
    private static final int SOF2 = 0xc2;
    private static final int DHT = 0xc4;
    private static final int DAC = 0xcc;
    private static final int RST0 = 0xd0;
    private static final int SOI = 0xd8;
    private static final int EOI = 0xd9;
    private static final int SOS = 0xda;
    private static final int APP1 = 0xe1;
    private static final int JPEG_LS = 0xf7;
    private static final int TEM = 0x01;

    private final FileBytes bytes;
    private final PixelLimit limit;
    private int width;
    private int height;
    private int components;
    private int scans;
    private boolean isWhole;

    /** 0 until there was an Exif segment. */
    private int orientation;

    private JpegFile(FileBytes bytes, PixelLimit limit) {
        this.bytes = bytes;
        this.limit = limit;
    }

    static PictureHeader read(FileChannel file, PixelLimit limit) throws IOException {
        return new JpegFile(new FileBytes(file, NAME), limit).read();
    }

    private PictureHeader read() throws IOException {
        bytes.seek(2);
        for (int marker = marker(); marker != EOI; marker = marker()) {
            if (marker == SOI) {
                throw PictureException.damaged(NAME, "an image begins within it");
            }
            if (marker != TEM && (marker < RST0 || marker > RST0 + 7)) {
                segment(marker);
            }
        }
        if (scans == 0) {
            throw PictureException.damaged(NAME, "it has no picture");
        }
        return PictureHeader.ofStored(
                TYPE,
                width,
                height,
                1,
                Math.max(orientation, Exif.UPRIGHT),
                isWhole ? Coding.WHOLE : Coding.ROWS,
                false);
    }

    /** The code of the next marker, whatever there is before it. */
    private int marker() throws IOException {
        while (true) {
            int code = bytes.u8();
            while (code == 0xff) {
                code = bytes.u8();
                if (code != 0 && code != 0xff) {
                    return code;
                }
            }
        }
    }

    private void segment(int marker) throws IOException {
        int length = bytes.u16() - 2;
        if (length < 0) {
            throw PictureException.damaged(NAME, "a segment is shorter than its length");
        }
        long end = bytes.position() + length;
        if (marker == SOS) {
            scan();
        } else if (marker == APP1 && orientation == 0) {
            exif(length);
        } else if (marker == JPEG_LS || ((marker & 0xf0) == SOF0 && marker != DHT && marker != DAC)) {
            frame(marker, length);
        }
        bytes.seek(end);
    }

    private void exif(int length) throws IOException {
        byte[] content = bytes.bytes(length);
        if (Exif.hasPrefix(content)) {
            orientation = Exif.orientation(Exif.withoutPrefix(content));
        }
    }

    private void frame(int marker, int length) throws IOException {
        if (marker > SOF2) {
            throw PictureException.unsupported(process(marker));
        }
        int bits = bytes.u8();
        int rows = bytes.u16();
        int columns = bytes.u16();
        int count = bytes.u8();
        if (components > 0 || length != 6 + 3 * count) {
            throw PictureException.damaged(NAME, "it has two frames, or one of the wrong length");
        }
        if (bits != 8) {
            throw PictureException.unsupported("JPEG of " + bits + " bits a sample");
        }
        if (count != 1 && count != 3 && count != 4) {
            throw PictureException.unsupported("JPEG of " + count + " components");
        }
        width = columns;
        height = rows;
        components = count;
        limit.check(NAME, width, height);
        isWhole = marker == SOF2;
    }

    private static String process(int marker) {
        return switch (marker) {
            case 0xc3 -> "lossless JPEG";
            case 0xc5, 0xc6, 0xc7 -> "hierarchical JPEG";
            case 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf -> "JPEG with arithmetic coding";
            case JPEG_LS -> "JPEG-LS";
            default -> "JPEG with extensions";
        };
    }

    private void scan() throws IOException {
        int ofScan = bytes.u8();
        if (components == 0 || ofScan == 0 || ofScan > components) {
            throw PictureException.damaged(NAME, "a scan has no frame");
        }
        if (++scans > MOST_SCANS) {
            throw PictureException.unsupported("JPEG of more than " + MOST_SCANS + " scans");
        }
        // One that does not have all components is not the only one.
        isWhole |= ofScan < components;
    }
}
