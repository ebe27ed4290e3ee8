package dev.sluice.zipstream;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;

/**
 * Headers that commons-compress has written once, copied for each entry, with the entry's values written over the
 * sample's. Whatever these values do not say, signatures, versions, flags and attributes, stays as it was written.
 *
 * <pre>
 *                    time   CRC   size   size   length of name        offset   name
 *   local header       10    14     18     22               26                   30    APPNOTE 4.3.7
 *   central record     12    16     20     24               28            42     46    APPNOTE 4.3.12
 *
 *                    entries  entries  size of directory  offset of directory
 *   end                    8       10                 12                   16          APPNOTE 4.3.16
 * </pre>
 *
 * <p>Fit for archives without zip64 only: of fewer than 65,535 entries and less than 4 GiB.
 */
final class HeaderTemplates {

    static final int LOCAL_BYTES = 30;
    static final int CENTRAL_BYTES = 46;
    static final int END_BYTES = 22;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private static final byte[] LOCAL;
    private static final byte[] CENTRAL;
    private static final byte[] END;

    static {
        EntryHeader sample = new EntryHeader("-", 0, 0, Instant.EPOCH);
        HeaderWriter writer = new HeaderWriter();
        byte[] local = writer.localHeader(sample);
        byte[] trailer = writer.trailer();
        int central = trailer.length - END_BYTES;
        if (local.length != LOCAL_BYTES + 1 || central != CENTRAL_BYTES + 1) {
            throw new IllegalStateException("archive writer: headers of " + local.length + " and " + central
                    + " bytes (expected: without extra field or comment)");
        }
        LOCAL = Arrays.copyOf(local, LOCAL_BYTES);
        CENTRAL = Arrays.copyOf(trailer, CENTRAL_BYTES);
        END = Arrays.copyOfRange(trailer, central, trailer.length);
    }

    private HeaderTemplates() {}

    /** The local header of {@code entry}, whose name is {@code name} in UTF-8. */
    static byte[] local(EntryHeader entry, byte[] name) {
        byte[] header = Arrays.copyOf(LOCAL, LOCAL_BYTES + name.length);
        INT.set(header, 10, DosTime.of(entry.lastModified()));
        INT.set(header, 14, (int) entry.crc32());
        INT.set(header, 18, (int) entry.size());
        INT.set(header, 22, (int) entry.size());
        SHORT.set(header, 26, (short) name.length);
        System.arraycopy(name, 0, header, LOCAL_BYTES, name.length);
        return header;
    }

    /**
     * Puts at {@code at} the central record of the entry whose local header is {@code local}, and is at {@code offset}
     * in the archive.
     */
    static void central(byte[] into, int at, byte[] local, long offset) {
        System.arraycopy(CENTRAL, 0, into, at, CENTRAL_BYTES);
        System.arraycopy(local, 10, into, at + 12, 18);
        INT.set(into, at + 42, (int) offset);
        System.arraycopy(local, LOCAL_BYTES, into, at + CENTRAL_BYTES, local.length - LOCAL_BYTES);
    }

    /** Puts the end record at {@code at}, behind a directory that begins at {@code offset} in the archive. */
    static void end(byte[] into, int at, int entries, int directoryBytes, long offset) {
        System.arraycopy(END, 0, into, at, END_BYTES);
        SHORT.set(into, at + 8, (short) entries);
        SHORT.set(into, at + 10, (short) entries);
        INT.set(into, at + 12, directoryBytes);
        INT.set(into, at + 16, (int) offset);
    }
}
