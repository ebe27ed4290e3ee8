package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.JpegBits.Code;
import dev.sluice.gateway.outbound.picture.decode.inprocess.JpegFrame.Component;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JPEG of several scans as one of a single scan, with the same coefficients and so the same pixels.
 *
 * <pre>
 *   scan, scan, scan …  ──▸  coefficients  ──▸  one scan  ──▸  Java's reader
 *         once each           native memory      a row of units at a time
 * </pre>
 *
 * Java's reader makes all pixels anew after each scan, so that a picture of ten takes ten times as long, and there is
 * no way to have it make the last ones alone. Not thread-safe.
 */
final class JpegScans implements JpegSource {
    private static final int SEGMENT = 0xff;
    private static final int BASELINE = 0xc0;
    private static final int EXTENDED = 0xc1;
    private static final int PROGRESSIVE = 0xc2;
    private static final int HUFFMAN_TABLES = 0xc4;
    private static final int FIRST_ALONE = 0xd0;
    private static final int START = 0xd8;
    private static final int END = 0xd9;
    private static final int START_OF_SCAN = 0xda;
    private static final int QUANTIZATION_TABLES = 0xdb;
    private static final int RESTART_INTERVAL = 0xdd;
    private static final int JFIF = 0xe0;
    private static final int ADOBE = 0xee;
    private static final int TABLES = 4;

    private final byte[] head;
    private final JpegCoefficients coefficients;
    private final JpegSingleScan scan;

    private JpegScans(byte[] head, JpegCoefficients coefficients, JpegSingleScan scan) {
        this.head = head;
        this.coefficients = coefficients;
        this.scan = scan;
    }

    /**
     * Reads all scans.
     *
     * @throws PictureException if one of them is damaged, or the picture not of this size
     */
    static JpegScans of(Path file, JpegMarkers jpeg, Scaling scaling, Deadline deadline) throws IOException {
        try (InputStream rest = Files.newInputStream(file)) {
            rest.skipNBytes(jpeg.firstScan());
            return new Reader(new SequenceInputStream(new ByteArrayInputStream(jpeg.head()), rest), scaling, deadline)
                    .read();
        } catch (EOFException brokenOff) {
            throw PictureException.damaged("image", "it breaks off", brokenOff);
        }
    }

    @Override
    public byte[] head() {
        return head;
    }

    @Override
    public int read(long position, byte[] bytes, int offset, int length) {
        return scan.read(position, bytes, offset, length);
    }

    @Override
    public void close() {
        coefficients.close();
    }

    /** One reading of a file. */
    private static final class Reader {
        private final JpegBits bits;
        private final Scaling scaling;
        private final Deadline deadline;
        private final ByteArrayOutputStream applications = new ByteArrayOutputStream();
        private final @Nullable Code[] constants = new Code[TABLES];
        private final @Nullable Code[] others = new Code[TABLES];
        private final Map<Integer, byte[]> quantization = new HashMap<>();

        /** By component, as they were when its first scan began. */
        private final Map<Integer, byte[]> used = new HashMap<>();

        private final boolean[] hasConstants = new boolean[TABLES];
        private @Nullable JpegFrame frame;
        private @Nullable JpegCoefficients coefficients;
        private int restart;

        Reader(InputStream file, Scaling scaling, Deadline deadline) {
            this.bits = new JpegBits(file);
            this.scaling = scaling;
            this.deadline = deadline;
        }

        JpegScans read() throws IOException {
            boolean isWhole = false;
            try {
                for (int marker = bits.marker(); marker != END; marker = bits.marker()) {
                    deadline.check();
                    if (marker > START || (marker >= BASELINE && marker < FIRST_ALONE)) {
                        segment(marker, bits.bytes(Math.max(0, bits.u16() - 2)));
                    }
                }
                if (frame == null || coefficients == null) {
                    throw PictureException.damaged("image", "it has no scan");
                }
                JpegScans scans =
                        new JpegScans(head(frame), coefficients, new JpegSingleScan(frame, coefficients, deadline));
                isWhole = true;
                return scans;
            } finally {
                if (!isWhole && coefficients != null) {
                    coefficients.close();
                }
            }
        }

        private void segment(int marker, byte[] content) throws IOException {
            switch (marker) {
                case BASELINE, EXTENDED, PROGRESSIVE -> frame(content, marker == PROGRESSIVE);
                case HUFFMAN_TABLES -> huffman(content);
                case QUANTIZATION_TABLES -> quantization(content);
                case RESTART_INTERVAL -> restart = content.length < 2 ? 0 : u16(content, 0);
                case START_OF_SCAN -> scan(content);
                case JFIF, ADOBE -> segment(applications, marker, content);
                default -> {} // nothing that pixels depend on
            }
        }

        private static int u16(byte[] bytes, int at) {
            return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
        }

        private void frame(byte[] content, boolean isProgressive) {
            if (frame != null) {
                throw PictureException.damaged("image", "it has two frames");
            }
            JpegFrame found = JpegFrame.of(content, isProgressive);
            scaling.check(found.width(), found.height());
            long bytes = found.blocks() * JpegCoefficients.OF_BLOCK * Short.BYTES;
            if (DecodingMemory.isBeyondCharge((long) found.width() * found.height(), bytes)) {
                throw PictureException.unsupported("JPEG of as many components in several scans, as large");
            }
            frame = found;
            coefficients = new JpegCoefficients(found.blocks());
        }

        private void huffman(byte[] content) {
            int at = 0;
            while (at + 17 <= content.length) {
                int destination = content[at] & 0xff;
                int[] counts = new int[16];
                int symbols = 0;
                for (int i = 0; i < counts.length; i++) {
                    counts[i] = content[at + 1 + i] & 0xff;
                    symbols += counts[i];
                }
                at += 17;
                if ((destination & 0xef) >= TABLES || symbols > 256 || at + symbols > content.length) {
                    throw PictureException.damaged("image", "a Huffman table is none");
                }
                Code code = new Code(counts, Arrays.copyOfRange(content, at, at + symbols));
                (destination < TABLES ? constants : others)[destination & 3] = code;
                at += symbols;
            }
        }

        private void quantization(byte[] content) {
            int at = 0;
            while (at < content.length) {
                int size = (content[at] & 0xf0) == 0 ? 65 : 129;
                int destination = content[at] & 0xf;
                if (destination >= TABLES || at + size > content.length) {
                    throw PictureException.damaged("image", "a quantization table is none");
                }
                quantization.put(destination, Arrays.copyOfRange(content, at, at + size));
                at += size;
            }
        }

        private void scan(byte[] header) throws IOException {
            int count = header.length == 0 ? 0 : header[0];
            if (frame == null
                    || coefficients == null
                    || count < 1
                    || count > TABLES
                    || header.length != 4 + 2 * count) {
                throw PictureException.damaged("image", "a scan has no frame, or the wrong length");
            }
            byte[] progress = Arrays.copyOfRange(header, 1 + 2 * count, 4 + 2 * count);
            List<JpegScan.Part> parts = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int index = frame.indexOf(header[1 + 2 * i] & 0xff);
                int tables = header[2 + 2 * i];
                Component component = frame.components().get(index);
                parts.add(new JpegScan.Part(component, constants[(tables >> 4) & 3], others[tables & 3]));
                byte[] table = quantization.get(component.table());
                if (table != null) {
                    used.putIfAbsent(index, table);
                }
                hasConstants[index] |= progress[0] == 0;
            }
            new JpegScan(frame, parts, progress, bits, coefficients).read(restart, deadline);
        }

        /** Up to the bits of the one scan: each component with a quantization table of its own. */
        private byte[] head(JpegFrame of) {
            int count = of.components().size();
            byte[] frameHeader = of.content().clone();
            ByteArrayOutputStream scanHeader = new ByteArrayOutputStream();
            scanHeader.write(count);
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            file.write(SEGMENT);
            file.write(START);
            file.writeBytes(applications.toByteArray());
            for (int i = 0; i < count; i++) {
                byte[] table = used.get(i);
                if (table == null || !hasConstants[i]) {
                    throw PictureException.damaged("image", "a scan is missing");
                }
                byte[] own = table.clone();
                own[0] = (byte) ((own[0] & 0xf0) | i);
                segment(file, QUANTIZATION_TABLES, own);
                frameHeader[JpegFrame.tableOf(i)] = (byte) i;
                scanHeader.write(of.components().get(i).id());
                scanHeader.write(0);
            }
            scanHeader.writeBytes(new byte[] {0, JpegCoefficients.OF_BLOCK - 1, 0});
            segment(file, of.isProgressive() ? BASELINE : EXTENDED, frameHeader);
            file.writeBytes(JpegMarkers.usualHuffmanTables());
            segment(file, START_OF_SCAN, scanHeader.toByteArray());
            return file.toByteArray();
        }

        private static void segment(ByteArrayOutputStream to, int marker, byte[] content) {
            to.write(SEGMENT);
            to.write(marker);
            to.write((content.length + 2) >> 8);
            to.write(content.length + 2);
            to.writeBytes(content);
        }
    }
}
