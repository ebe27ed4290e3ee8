package dev.sluice.zipstream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;

/**
 * The bytes of one archive that are not payload, made by commons-compress as if the payload had passed through it.
 *
 * <pre>
 *   local header     APPNOTE 4.3.7    time at 10
 *   central record   APPNOTE 4.3.12   time at 12, lengths of name, extra and comment at 28, 30, 32; 46 + those long
 * </pre>
 *
 * <p>Time stamps are written over afterwards: commons-compress converts them by the default time zone, whose gaps at
 * the start of summer time leave wall-clock times that no instant maps to.
 *
 * <p>Not thread-safe. Names are the caller's to compare.
 */
final class HeaderWriter {

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int LOCAL_TIME = 10;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int CENTRAL_TIME = 12;
    private static final int CENTRAL_LENGTHS = 28;
    private static final int CENTRAL_FIXED = 46;

    /**
     * A file that its owner may write and everybody read. Says besides that the archive was made by a Unix host (3,
     * APPNOTE 4.4.2.2): for entries of FAT, which is what nothing means, Info-ZIP's unzip converts names from a DOS
     * code page, also those that are flagged as UTF-8.
     */
    private static final int REGULAR_FILE = 0100644;

    /** Any time the format can hold in every zone, so that no extra field is added for it. */
    private static final long PLACEHOLDER_MILLIS =
            Instant.parse("2000-01-03T00:00:00Z").toEpochMilli();

    private final Sink sink = new Sink();
    private final Writer writer = new Writer(sink);
    private int[] times = new int[32];
    private int entries;

    /** The local header of the next entry, whose payload counts as written. */
    byte[] localHeader(EntryHeader entry) {
        ZipArchiveEntry described = new ZipArchiveEntry(entry.name());
        described.setMethod(ZipEntry.STORED);
        described.setSize(entry.size());
        described.setCompressedSize(entry.size());
        described.setCrc(entry.crc32());
        described.setTime(PLACEHOLDER_MILLIS);
        described.setUnixMode(REGULAR_FILE);
        try {
            writer.addRawArchiveEntry(described, sink.phantom(entry.size()));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        if (entries == times.length) {
            times = Arrays.copyOf(times, entries * 2);
        }
        int time = DosTime.of(entry.lastModified());
        times[entries++] = time;
        // Every offset in the central directory comes from this count.
        if (writer.getBytesWritten() != sink.seen()) {
            throw new IllegalStateException(
                    "archive writer: " + writer.getBytesWritten() + " bytes counted, " + sink.seen() + " written");
        }
        byte[] header = sink.takeHeader();
        stamp(header, 0, LOCAL_SIGNATURE, LOCAL_TIME, time);
        return header;
    }

    /** The central directory and the end records; the archive takes no entry after it. */
    byte[] trailer() {
        try {
            writer.finish();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        byte[] trailer = sink.takeHeader();
        int at = 0;
        for (int i = 0; i < entries; i++) {
            stamp(trailer, at, CENTRAL_SIGNATURE, CENTRAL_TIME, times[i]);
            int lengths = at + CENTRAL_LENGTHS;
            at += CENTRAL_FIXED
                    + unsignedShort(trailer, lengths)
                    + unsignedShort(trailer, lengths + 2)
                    + unsignedShort(trailer, lengths + 4);
        }
        return trailer;
    }

    private static void stamp(byte[] bytes, int record, int signature, int offset, int time) {
        int found = (int) INT.get(bytes, record);
        if (found != signature) {
            throw new IllegalStateException("archive writer: record " + Integer.toHexString(found) + " at " + record
                    + " (expected: " + Integer.toHexString(signature) + ")");
        }
        INT.set(bytes, record + offset, time);
    }

    private static int unsignedShort(byte[] bytes, int at) {
        return Short.toUnsignedInt((short) SHORT.get(bytes, at));
    }

    /** Without a deflater, which even an archive without compression has: it is native memory, freed by no one else. */
    private static final class Writer extends ZipArchiveOutputStream {

        Writer(OutputStream out) {
            super(out);
            setUseLanguageEncodingFlag(true);
            def.end();
        }
    }

    /**
     * Where the archive writer's output goes: headers are kept, payload is dropped.
     *
     * <p>What is payload is not guessed from the bytes. The writer reads it from {@link #phantom}, which lends it a
     * number of bytes without writing any; exactly as many of those written next are payload. If a writer did not copy
     * one for one, {@link #takeHeader} would find a debt and refuse, instead of letting a wrong archive out.
     */
    static final class Sink extends OutputStream {

        /** Room for a header and the longest name that {@link EntryNames} gives. */
        private static final int HEADER_BYTES = 256;

        private final ByteArrayOutputStream headers = new ByteArrayOutputStream(HEADER_BYTES);
        private long lent;
        private long seen;

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            seen += length;
            int payload = (int) Math.min(lent, length);
            lent -= payload;
            headers.write(bytes, offset + payload, length - payload);
        }

        /** Reads as {@code size} bytes, in no time: the array it is asked to fill is left as it is. */
        InputStream phantom(long size) {
            return new Phantom(size);
        }

        /** Bytes written in all, dropped ones included. */
        long seen() {
            return seen;
        }

        /**
         * What was kept since the last call.
         *
         * @throws IllegalStateException if not all that the phantom lent was written
         */
        byte[] takeHeader() {
            if (lent != 0) {
                throw new IllegalStateException("archive writer: " + lent + " bytes read as payload and not written");
            }
            byte[] taken = headers.toByteArray();
            headers.reset();
            return taken;
        }

        private final class Phantom extends InputStream {

            private long left;

            Phantom(long size) {
                this.left = size;
            }

            @Override
            public int read() {
                throw new UnsupportedOperationException("has counts, not bytes");
            }

            // No more than the array holds, as the contract says: with the writer's 32 KB array that is still 5 GB in
            // less than a millisecond.
            @Override
            public int read(byte[] into, int offset, int length) {
                if (left == 0) {
                    return -1;
                }
                int now = (int) Math.min(left, length);
                left -= now;
                lent += now;
                return now;
            }
        }
    }
}
