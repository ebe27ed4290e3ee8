package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * GIF (GIF89a): the first frame, where it lies on the screen; the rest of the screen is transparent. It takes some KB
 * beside what {@link AreaAverage} takes. Java's own reader is not used: it copies a file's comments again for each 255
 * bytes of them, and is content with half a picture.
 */
final class GifReader implements DownscalingReader {
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int IMAGE = 0x2c;
    private static final int HAS_COLOURS = 0x80;
    private static final int INTERLACED = 0x40;

    /** Rows of an interlaced frame come in four passes: first row and step of each. */
    private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

    @Override
    public DownscaledPicture read(Path file, Scaling scaling, Deadline deadline) throws IOException {
        try (DataInputStream gif = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            return new DownscaledPicture(screen(gif, scaling, deadline), null);
        } catch (EOFException brokenOff) {
            throw damaged("it breaks off");
        }
    }

    private static Pixels screen(DataInputStream gif, Scaling scaling, Deadline deadline) throws IOException {
        gif.skipNBytes(6);
        gif.skipNBytes(4);
        int flags = gif.readUnsignedByte();
        gif.skipNBytes(2);
        int[] palette = (flags & HAS_COLOURS) == 0 ? grays() : palette(gif, flags);
        int transparent = -1;
        for (int block = gif.readUnsignedByte(); block != IMAGE; block = gif.readUnsignedByte()) {
            if (block != EXTENSION) {
                throw damaged("it has no frame");
            }
            int label = gif.readUnsignedByte();
            int size = gif.readUnsignedByte();
            if (label == GRAPHIC_CONTROL && size == 4) {
                boolean isTransparent = (gif.readUnsignedByte() & 1) != 0;
                gif.skipNBytes(2);
                int index = gif.readUnsignedByte();
                transparent = isTransparent ? index : -1;
                size = gif.readUnsignedByte();
            }
            while (size != 0) {
                deadline.check();
                gif.skipNBytes(size);
                size = gif.readUnsignedByte();
            }
        }
        return frame(gif, palette, transparent, scaling, deadline);
    }

    private static Pixels frame(
            DataInputStream gif, int[] screenPalette, int transparent, Scaling scaling, Deadline deadline)
            throws IOException {
        int left = word(gif);
        int top = word(gif);
        int width = word(gif);
        int height = word(gif);
        int flags = gif.readUnsignedByte();
        int[] palette = (flags & HAS_COLOURS) == 0 ? screenPalette : palette(gif, flags);
        if (width == 0 || height == 0) {
            throw damaged("its frame has no pixels");
        }
        if (transparent >= 0) {
            palette[transparent] = 0;
        }
        AreaAverage screen = new AreaAverage(scaling, Layout.RGBA);
        GifPixels pixels = new GifPixels(gif);
        byte[] indices = new byte[width];
        byte[] line = new byte[scaling.width() * 4];
        for (int[] pass : (flags & INTERLACED) == 0 ? new int[][] {{0, 1}} : PASSES) {
            for (int y = pass[0]; y < height; y += pass[1]) {
                deadline.check();
                pixels.read(indices);
                if (top + y < scaling.height()) {
                    paint(indices, palette, line, left * 4);
                    screen.row(top + y, line, 0);
                }
            }
        }
        return screen.result();
    }

    private static void paint(byte[] indices, int[] palette, byte[] line, int start) {
        for (int x = 0, to = start; x < indices.length && to < line.length; x++, to += 4) {
            int argb = palette[indices[x] & 0xff];
            line[to] = (byte) (argb >> 16);
            line[to + 1] = (byte) (argb >> 8);
            line[to + 2] = (byte) argb;
            line[to + 3] = (byte) (argb >> 24);
        }
    }

    /** Colours as ARGB; those that are not there are transparent. */
    private static int[] palette(DataInputStream gif, int flags) throws IOException {
        int[] palette = new int[256];
        for (int i = 0; i < 2 << (flags & 7); i++) {
            palette[i] =
                    0xff << 24 | gif.readUnsignedByte() << 16 | gif.readUnsignedByte() << 8 | gif.readUnsignedByte();
        }
        return palette;
    }

    /** Where a file has no colours, a decoder may take its own (section 18). */
    private static int[] grays() {
        return IntStream.range(0, 256)
                .map(i -> 0xff << 24 | i << 16 | i << 8 | i)
                .toArray();
    }

    private static int word(DataInputStream gif) throws IOException {
        return gif.readUnsignedByte() | gif.readUnsignedByte() << 8;
    }

    static PictureException damaged(String how) {
        return PictureException.damaged("image", how);
    }
}
