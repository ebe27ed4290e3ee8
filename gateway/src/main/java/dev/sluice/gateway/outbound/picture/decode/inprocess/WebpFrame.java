package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The first frame of a WebP, from its alpha to the end of its pixels, which libwebp's decoder takes for a picture,
 * though it takes no animation (WebP Container Specification; RFC 9649, section 2):
 *
 * <pre>
 *   RIFF size WEBP | VP8 or VP8L                                       a still picture
 *   RIFF size WEBP | VP8X | ICCP? | ALPH? | VP8 or VP8L                with more to it
 *   RIFF size WEBP | VP8X | ICCP? | ANIM | ANMF( ALPH? VP8 or VP8L )…  an animation
 * </pre>
 *
 * @param webp mapped from the file, which nobody may shorten meanwhile
 * @param isPlaced whether the frame is one of an animation, so that {@code left} and {@code top} say where on a canvas
 * @param profile the ICC profile, null if there is none
 */
@SuppressWarnings("ArrayRecordComponent") // no two are compared
record WebpFrame(
        MemorySegment webp,
        boolean isPlaced,
        int canvasWidth,
        int canvasHeight,
        int left,
        int top,
        byte @Nullable [] profile) {
    private static final int VP8X = fourCc("VP8X");
    private static final int ICCP = fourCc("ICCP");
    private static final int ANMF = fourCc("ANMF");
    private static final int ALPH = fourCc("ALPH");
    private static final int VP8 = fourCc("VP8 ");
    private static final int VP8L = fourCc("VP8L");

    private static final int CHUNK_HEAD = 8;
    private static final int FILE_HEAD = 12;
    private static final int VP8X_SIZE = 10;
    private static final int ANMF_HEAD = 16;
    private static final long NONE = -1;

    /**
     * Reads it.
     *
     * @param memory what its bytes are mapped in
     * @throws PictureException if there is none
     */
    static WebpFrame of(Path file, Arena memory, Deadline deadline) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return new Walk(channel, memory, deadline).frame();
        } catch (EOFException brokenOff) {
            throw PictureException.damaged("image", "it breaks off", brokenOff);
        }
    }

    private static int fourCc(String name) {
        return name.charAt(0) | name.charAt(1) << 8 | name.charAt(2) << 16 | name.charAt(3) << 24;
    }

    private static final class Walk {
        private final FileChannel channel;
        private final Arena memory;
        private final Deadline deadline;
        private int canvasWidth;
        private int canvasHeight;
        private int left;
        private int top;
        private boolean isPlaced;
        private byte @Nullable [] profile;

        Walk(FileChannel channel, Arena memory, Deadline deadline) {
            this.channel = channel;
            this.memory = memory;
            this.deadline = deadline;
        }

        WebpFrame frame() throws IOException {
            long alpha = NONE;
            long position = FILE_HEAD;
            while (true) {
                deadline.check();
                ByteBuffer head = read(position, CHUNK_HEAD);
                int type = head.getInt(0);
                long content = position + CHUNK_HEAD;
                Chunk chunk = new Chunk(content, Integer.toUnsignedLong(head.getInt(4)));
                position = chunk.end();
                if (type == VP8 || type == VP8L) {
                    MemorySegment webp = map(alpha == NONE ? head(chunk) : alpha, chunk);
                    return new WebpFrame(webp, isPlaced, canvasWidth, canvasHeight, left, top, profile);
                } else if (type == ANMF) {
                    place(read(content, ANMF_HEAD));
                    position = content + ANMF_HEAD;
                } else if (type == VP8X) {
                    ByteBuffer canvas = read(content, VP8X_SIZE);
                    canvasWidth = 1 + threeBytes(canvas, 4);
                    canvasHeight = 1 + threeBytes(canvas, 7);
                } else if (type == ALPH) {
                    alpha = head(chunk);
                } else if (type == ICCP && chunk.size <= SrgbColors.MAX_PROFILE) {
                    profile = chunk.start + chunk.size > channel.size()
                            ? null
                            : read(content, (int) chunk.size).array();
                }
            }
        }

        private void place(ByteBuffer head) {
            isPlaced = true;
            left = 2 * threeBytes(head, 0);
            top = 2 * threeBytes(head, 3);
        }

        /** Mapped rather than read: a lossless picture of 24 megapixels has some 30 MB of it. */
        private MemorySegment map(long from, Chunk pixels) throws IOException {
            long to = pixels.start + pixels.size;
            if (to > channel.size()) {
                throw new EOFException(); // what is mapped beyond the end of a file ends the process when it is read
            }
            return channel.map(MapMode.READ_ONLY, from, to - from, memory);
        }

        private ByteBuffer read(long position, int size) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
            fill(bytes, position);
            return bytes;
        }

        private void fill(ByteBuffer bytes, long position) throws IOException {
            int start = bytes.position();
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, position + bytes.position() - start) < 0) {
                    throw new EOFException();
                }
            }
        }

        private static int threeBytes(ByteBuffer bytes, int at) {
            return (bytes.get(at) & 0xff) | ((bytes.get(at + 1) & 0xff) << 8) | ((bytes.get(at + 2) & 0xff) << 16);
        }

        private static long head(Chunk chunk) {
            return chunk.start - CHUNK_HEAD;
        }

        /** Where a chunk's content is in the file, and how long. */
        private record Chunk(long start, long size) {
            long end() {
                return start + size + (size & 1);
            }
        }
    }
}
