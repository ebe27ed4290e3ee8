package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The first frame of a WebP, as a file of its own, which is all that libwebp's decoder takes (WebP Container
 * Specification; RFC 9649, section 2):
 *
 * <pre>
 *   RIFF size WEBP | VP8 or VP8L                                       a still picture
 *   RIFF size WEBP | VP8X | ICCP? | ALPH? | VP8 or VP8L                with more to it
 *   RIFF size WEBP | VP8X | ICCP? | ANIM | ANMF( ALPH? VP8 or VP8L )…  an animation
 * </pre>
 *
 * @param webp in native memory
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
    private static final int RIFF = fourCc("RIFF");
    private static final int WEBP = fourCc("WEBP");
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
    private static final int HAS_ALPHA = 0x10;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Reads it.
     *
     * @param memory where its bytes are kept
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
        private int frameWidth;
        private int frameHeight;
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
            Chunk alpha = null;
            long position = FILE_HEAD;
            while (true) {
                deadline.check();
                ByteBuffer head = read(position, CHUNK_HEAD);
                int type = head.getInt(0);
                long content = position + CHUNK_HEAD;
                Chunk chunk = new Chunk(content, Integer.toUnsignedLong(head.getInt(4)));
                position = chunk.end();
                if (type == VP8 || type == VP8L) {
                    MemorySegment webp = file(alpha, type, chunk);
                    return new WebpFrame(webp, isPlaced, canvasWidth, canvasHeight, left, top, profile);
                } else if (type == ANMF) {
                    place(read(content, ANMF_HEAD));
                    position = content + ANMF_HEAD;
                } else if (type == VP8X) {
                    ByteBuffer canvas = read(content, VP8X_SIZE);
                    canvasWidth = frameWidth = 1 + threeBytes(canvas, 4);
                    canvasHeight = frameHeight = 1 + threeBytes(canvas, 7);
                } else if (type == ALPH) {
                    alpha = chunk;
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
            frameWidth = 1 + threeBytes(head, 6);
            frameHeight = 1 + threeBytes(head, 9);
        }

        private MemorySegment file(@Nullable Chunk alpha, int type, Chunk pixels) throws IOException {
            if (pixels.start + pixels.size > channel.size()) {
                throw new EOFException(); // before memory is taken for what is not there
            }
            if (pixels.size + (alpha == null ? 0 : alpha.size) > DecodingMemory.MOST_WEBP) {
                throw new DecoderException(
                        DecoderException.Kind.LIMIT,
                        "The image has more than " + (DecodingMemory.MOST_WEBP >> 20) + " MB of coded pixels",
                        null);
            }
            long extended = alpha == null ? 0 : CHUNK_HEAD + VP8X_SIZE + CHUNK_HEAD + alpha.padded();
            MemorySegment webp = memory.allocate(FILE_HEAD + extended + CHUNK_HEAD + pixels.padded());
            webp.set(INT, 0, RIFF);
            webp.set(INT, 4, (int) (webp.byteSize() - CHUNK_HEAD));
            webp.set(INT, 8, WEBP);
            if (alpha != null) {
                long canvas = FILE_HEAD + CHUNK_HEAD;
                webp.set(INT, FILE_HEAD, VP8X);
                webp.set(INT, FILE_HEAD + 4, VP8X_SIZE);
                webp.set(INT, canvas, HAS_ALPHA);
                webp.set(INT, canvas + 4, frameWidth - 1); // its fourth byte is the height's first
                webp.set(SHORT, canvas + 7, (short) (frameHeight - 1));
                webp.set(BYTE, canvas + 9, (byte) ((frameHeight - 1) >> 16));
                copy(ALPH, alpha, webp, canvas + VP8X_SIZE);
            }
            copy(type, pixels, webp, FILE_HEAD + extended);
            return webp;
        }

        private void copy(int type, Chunk chunk, MemorySegment to, long at) throws IOException {
            to.set(INT, at, type);
            to.set(INT, at + 4, (int) chunk.size);
            fill(to.asSlice(at + CHUNK_HEAD, chunk.size).asByteBuffer(), chunk.start);
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

        /** Where a chunk's content is in the file, and how long. */
        private record Chunk(long start, long size) {
            long padded() {
                return size + (size & 1);
            }

            long end() {
                return start + padded();
            }
        }
    }
}
