package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeMap;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;
import org.jspecify.annotations.Nullable;

/**
 * What Java's reader of JPEG is given and what it does not tell (ITU-T T.81, annex B).
 *
 * @param head the file up to its first scan, without what is nothing to a decoder: profiles, of which the reader
 *     refuses some, Exif, comments. Frames of Motion JPEG leave out the usual Huffman tables; here they are added
 * @param firstScan where the rest of the file begins
 * @param passes how often the reader hands out the whole picture: once, or after each of several scans
 * @param profile the ICC profile, put together from its parts (ICC.1:2010, annex B.4); null if there is none
 */
@SuppressWarnings("ArrayRecordComponent") // no two are compared
record JpegMarkers(byte[] head, long firstScan, int passes, byte @Nullable [] profile) {
    /** Bytes before the first scan that a decoder needs. There is no use for more than some KB. */
    private static final int MOST_HEAD = 1 << 20;

    private static final byte[] ICC = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
    private static final int BASELINE = 0xc0;
    private static final int PROGRESSIVE = 0xc2;
    private static final int HUFFMAN_TABLES = 0xc4;
    private static final int START = 0xd8;
    private static final int END = 0xd9;
    private static final int START_OF_SCAN = 0xda;
    private static final int JFIF = 0xe0;
    private static final int ICC_PART = 0xe2;
    private static final int ADOBE = 0xee;
    private static final int LAST_APPLICATION = 0xef;
    private static final int COMMENT = 0xfe;

    /** Where a frame's header has their number, behind its length. */
    private static final int COMPONENTS = 5;

    /**
     * Reads a file's markers.
     *
     * @throws PictureException if there is no scan, or one of several is missing
     */
    static JpegMarkers of(Path file, Deadline deadline) throws IOException {
        try (InputStream bytes = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            return new Walk(bytes, deadline).file();
        } catch (EOFException brokenOff) {
            throw PictureException.damaged("image", "it breaks off", brokenOff);
        }
    }

    /** A segment with the tables that T.81 gives as an example (annex K.3) and everybody uses. */
    static byte[] usualHuffmanTables() {
        ByteArrayOutputStream tables = new ByteArrayOutputStream();
        table(tables, 0x00, JPEGHuffmanTable.StdDCLuminance);
        table(tables, 0x10, JPEGHuffmanTable.StdACLuminance);
        table(tables, 0x01, JPEGHuffmanTable.StdDCChrominance);
        table(tables, 0x11, JPEGHuffmanTable.StdACChrominance);
        ByteArrayOutputStream segment = new ByteArrayOutputStream();
        segment.write(0xff);
        segment.write(HUFFMAN_TABLES);
        segment.write((tables.size() + 2) >> 8);
        segment.write(tables.size() + 2);
        segment.writeBytes(tables.toByteArray());
        return segment.toByteArray();
    }

    private static void table(ByteArrayOutputStream to, int classAndId, JPEGHuffmanTable table) {
        to.write(classAndId);
        short[] lengths = table.getLengths();
        for (int bits = 0; bits < 16; bits++) {
            to.write(bits < lengths.length ? lengths[bits] : 0);
        }
        for (short value : table.getValues()) {
            to.write(value);
        }
    }

    private static final class Walk {
        private final DataInputStream jpeg;
        private final Deadline deadline;
        private final ByteArrayOutputStream head = new ByteArrayOutputStream();
        private final TreeMap<Integer, byte[]> profile = new TreeMap<>();
        private long position;
        private boolean isProgressive;
        private int components;

        Walk(InputStream jpeg, Deadline deadline) {
            this.jpeg = new DataInputStream(jpeg);
            this.deadline = deadline;
        }

        JpegMarkers file() throws IOException {
            boolean hasHuffmanTables = false;
            head.write(0xff);
            head.write(START);
            int marker = marker();
            while (marker != START_OF_SCAN) {
                deadline.check();
                if (marker == END) {
                    throw new EOFException();
                }
                if (marker != START) {
                    hasHuffmanTables |= marker == HUFFMAN_TABLES;
                    segment(marker);
                }
                marker = marker();
            }
            if (!hasHuffmanTables) {
                head.writeBytes(usualHuffmanTables());
            }
            return new JpegMarkers(head.toByteArray(), position - 2, passes(), joined());
        }

        /** To the next marker; returns its second byte. */
        private int marker() throws IOException {
            int next = next();
            while (next != 0xff) {
                next = next();
            }
            while (next == 0xff) {
                next = next();
            }
            return next;
        }

        private int next() throws IOException {
            position++;
            return jpeg.readUnsignedByte();
        }

        private void segment(int marker) throws IOException {
            int length = jpeg.readUnsignedShort();
            byte[] content = new byte[Math.max(0, length - 2)];
            jpeg.readFully(content);
            position += 2 + content.length;
            if (marker >= BASELINE && marker <= PROGRESSIVE && content.length > COMPONENTS) {
                isProgressive = marker == PROGRESSIVE;
                components = content[COMPONENTS];
            }
            boolean isProfile = marker == ICC_PART
                    && content.length > ICC.length + 2
                    && Arrays.equals(content, 0, ICC.length, ICC, 0, ICC.length);
            if (isProfile) {
                profile.put(content[ICC.length] & 0xff, Arrays.copyOfRange(content, ICC.length + 2, content.length));
            }
            boolean isForPeople = (marker >= JFIF && marker <= LAST_APPLICATION) || marker == COMMENT;
            if (!isForPeople || marker == JFIF || marker == ADOBE) {
                head.write(0xff);
                head.write(marker);
                head.write(length >> 8);
                head.write(length);
                head.writeBytes(content);
            }
            if (head.size() > MOST_HEAD) {
                throw PictureException.damaged("image", "its header is too long");
            }
        }

        private int passes() throws IOException {
            jpeg.skipNBytes(2);
            if (!isProgressive && jpeg.readUnsignedByte() == components) {
                return 1;
            }
            int scans = 1;
            // A file that ends between two scans would be a picture to the reader, if a poor one.
            for (int marker = marker(); marker != END; marker = marker()) {
                scans += marker == START_OF_SCAN ? 1 : 0;
            }
            return scans;
        }

        private byte @Nullable [] joined() {
            int size = profile.values().stream().mapToInt(part -> part.length).sum();
            if (size == 0 || size > SrgbColors.MAX_PROFILE) {
                return null;
            }
            ByteArrayOutputStream whole = new ByteArrayOutputStream(size);
            profile.values().forEach(whole::writeBytes);
            return whole.toByteArray();
        }
    }
}
