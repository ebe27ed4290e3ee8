package dev.sluice.gateway.outbound.imagecache.disk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The format of an entry's file. Numbers are big-endian, times are milliseconds (since 1970).
 *
 * <pre>
 *      0   8  magic "SLUICEI", format version 3
 *      8   4  H: length of the header
 *     12   8  B: length of the body
 *     20  32  SHA-256 of the body
 *     52  24  validation A  +- 4  sequence
 *     76  24  validation B  |  8  stored or validated at
 *                      |  8  fresh for; negative: unbound
 *                      +- 4  CRC32C of these 20 bytes
 *    100   4  CRC32C of the header without the validations and these 4 bytes
 *    104   4  CRC-32 of the body
 *    108      URL, media type, the origin's ETag, the origin's Last-Modified, which URL gave these two:
 *             each 2 bytes of length (0xFFFF: absent) and UTF-8
 *      H   B  the body, to the end of the file
 * </pre>
 *
 * A new file has validation A with sequence 1, and zeros, which are no valid validation, in B. Renewing writes the
 * validation that does <em>not</em> count with the next sequence, in one write of 24 bytes; of the valid validations
 * the one with the higher sequence counts. Whatever a kill or a power cut leaves of that write, the other validation is
 * whole and says what was true before.
 *
 * <p>Version 2 had no CRC-32, and its strings at 104. Its files are read: since a body that was found at start is
 * compared with its SHA-256 before it is used, its CRC-32 is known from then on without a change of the file. Neither
 * it nor the first files of version 3 have the last string: of these it is not known who gave ETag and Last-Modified.
 */
final class EntryFile {
    private static final long BLOCK = 4096;
    /** A CRC-32 that is not known yet. */
    static final long NO_CRC = -1;

    private static final long MAGIC = 0x534C_5549_4345_4903L;
    private static final long MAGIC_2 = 0x534C_5549_4345_4902L;
    private static final int BODY_DIGEST = 20;
    private static final int VALIDATIONS = 52;
    private static final int VALIDATION_BYTES = 24;
    private static final int VALIDATION_CHECKED = 20;
    private static final int CHECKSUM = 100;
    private static final int BODY_CRC = 104;
    private static final int STRINGS = 108;
    private static final int STRINGS_2 = BODY_CRC;
    private static final int ABSENT = 0xFFFF;
    private static final int LONGEST_HEADER = 64 * 1024;
    private static final int FIRST_READ = 1024;

    private EntryFile() {}

    /** The space that a file of so many bytes takes on disk. */
    static long blocks(long bytes) {
        return (bytes + BLOCK - 1) / BLOCK * BLOCK;
    }

    /**
     * What the header says.
     *
     * @param meta {@code storedAt} and {@code freshFor} are those of the validation that counts
     * @param body digest of the body
     * @param crc32 of the body, or {@link #NO_CRC}
     * @param length of the header
     */
    record Header(CachedMeta meta, Sha256 body, long crc32, int length) {
        long fileLength() {
            return length + meta.length();
        }
    }

    /**
     * When an entry was stored or validated last, and how long its origin lets it be shown from then on.
     *
     * @param storedAt milliseconds since 1970
     * @param freshForMillis as {@link CachedMeta#freshFor}; {@link #UNBOUND} where that is left to the cache
     */
    record Validation(long storedAt, long freshForMillis) {
        static final long UNBOUND = -1;

        static Validation of(Instant storedAt, @Nullable Duration freshFor) {
            return new Validation(
                    storedAt.toEpochMilli(), freshFor == null ? UNBOUND : Math.max(0, freshFor.toMillis()));
        }

        /** Null where it is left to the cache. */
        @Nullable Duration freshFor() {
            return freshForMillis < 0 ? null : Duration.ofMillis(freshForMillis);
        }

        /** A moment still to come means that the clock went back: the entry counts as stored now. */
        Validation notAfter(long now) {
            return storedAt > now ? new Validation(now, freshForMillis) : this;
        }
    }

    /** A file that is not what this class has written. */
    static final class DamagedException extends IOException {
        private static final long serialVersionUID = 1;

        DamagedException(String reason) {
            super(reason);
        }
    }

    /** The header's bytes, ready to be written. Fails when they are more than 64 KiB. */
    static ByteBuffer encode(CachedMeta meta, Sha256 body, long crc32) throws IOException {
        byte[][] strings = {
            utf8(meta.url()),
            utf8(meta.mediaType()),
            utf8(meta.originEtag()),
            utf8(meta.originLastModified()),
            utf8(meta.originSource())
        };
        int length = STRINGS;
        for (byte @Nullable [] string : strings) {
            length += 2 + (string == null ? 0 : string.length);
        }
        if (length > LONGEST_HEADER) {
            throw new IOException("header of " + length + " bytes (expected: at most " + LONGEST_HEADER + ")");
        }
        ByteBuffer header = ByteBuffer.allocate(length);
        header.putLong(MAGIC).putInt(length).putLong(meta.length());
        body.putTo(header);
        header.put(validation(1, Validation.of(meta.storedAt(), meta.freshFor())));
        header.position(BODY_CRC);
        header.putInt((int) crc32);
        for (byte @Nullable [] string : strings) {
            header.putShort((short) (string == null ? ABSENT : string.length));
            header.put(string == null ? new byte[0] : string);
        }
        return header.putInt(CHECKSUM, checksum(header)).flip();
    }

    private static byte @Nullable [] utf8(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads and checks the header, and that the file is as long as it says. Blocks.
     *
     * @throws DamagedException for anything but a whole file of this format
     */
    static Header read(FileChannel file) throws IOException {
        ByteBuffer header = readFully(file, 0, (int) Math.min(FIRST_READ, file.size()));
        if (header.remaining() < STRINGS || (header.getLong(0) != MAGIC && header.getLong(0) != MAGIC_2)) {
            throw new DamagedException("no image of this cache");
        }
        boolean hasCrc = header.getLong(0) == MAGIC;
        int length = header.getInt(8);
        long bodyLength = header.getLong(12);
        if (length < STRINGS || length > LONGEST_HEADER || bodyLength < 0 || file.size() - bodyLength != length) {
            throw new DamagedException("length " + file.size() + " (expected: " + length + " + " + bodyLength + ")");
        }
        header = length <= header.remaining() ? header.limit(length) : readFully(file, 0, length);
        if (header.getInt(CHECKSUM) != checksum(header)) {
            throw new DamagedException("header checksum");
        }
        Validation validation = decode(header, current(header, VALIDATIONS));
        Sha256 body = Sha256.from(header.slice(BODY_DIGEST, Sha256.BYTES));
        header.position(hasCrc ? STRINGS : STRINGS_2);
        try {
            var meta = new CachedMeta(
                    present(string(header)),
                    present(string(header)),
                    body.etag(),
                    bodyLength,
                    Instant.ofEpochMilli(validation.storedAt()),
                    validation.freshFor(),
                    string(header),
                    string(header),
                    header.hasRemaining() ? string(header) : null,
                    true);
            return new Header(meta, body, hasCrc ? Integer.toUnsignedLong(header.getInt(BODY_CRC)) : NO_CRC, length);
        } catch (BufferUnderflowException | IllegalArgumentException impossible) {
            throw new DamagedException("header: " + impossible);
        }
    }

    private static @Nullable String string(ByteBuffer header) {
        int length = Short.toUnsignedInt(header.getShort());
        if (length == ABSENT) {
            return null;
        }
        byte[] bytes = new byte[length];
        header.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String present(@Nullable String string) {
        if (string == null) {
            throw new IllegalArgumentException("a required string is absent");
        }
        return string;
    }

    /** Where the next validation goes in the file, and its bytes. */
    record Renewal(long position, ByteBuffer bytes) {}

    /** What must be written to make {@code validation} count. Blocks; reads only the validations. */
    static Renewal renewal(FileChannel file, Validation validation) throws IOException {
        ByteBuffer validations = readFully(file, VALIDATIONS, 2 * VALIDATION_BYTES);
        int current = current(validations, 0);
        int other = VALIDATION_BYTES - current;
        return new Renewal(VALIDATIONS + other, validation(validations.getInt(current) + 1, validation));
    }

    private static ByteBuffer validation(int sequence, Validation validation) {
        ByteBuffer bytes = ByteBuffer.allocate(VALIDATION_BYTES)
                .putInt(sequence)
                .putLong(validation.storedAt())
                .putLong(validation.freshForMillis());
        return bytes.putInt(crc(bytes.slice(0, VALIDATION_CHECKED))).flip();
    }

    /** The position of the validation that counts, of two that begin at {@code first}. */
    private static int current(ByteBuffer bytes, int first) throws DamagedException {
        int second = first + VALIDATION_BYTES;
        boolean a = isValid(bytes, first);
        boolean b = isValid(bytes, second);
        if (!a && !b) {
            throw new DamagedException("no valid validation");
        }
        return b && (!a || bytes.getInt(second) > bytes.getInt(first)) ? second : first;
    }

    private static boolean isValid(ByteBuffer bytes, int at) {
        return bytes.getInt(at + VALIDATION_CHECKED) == crc(bytes.slice(at, VALIDATION_CHECKED));
    }

    private static Validation decode(ByteBuffer bytes, int at) {
        return new Validation(bytes.getLong(at + 4), bytes.getLong(at + 12));
    }

    private static int checksum(ByteBuffer header) {
        CRC32C crc = new CRC32C();
        crc.update(header.slice(0, VALIDATIONS));
        crc.update(header.slice(BODY_CRC, header.getInt(8) - BODY_CRC));
        return (int) crc.getValue();
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static ByteBuffer readFully(FileChannel file, long position, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, position + bytes.position()) < 0) {
                throw new EOFException("ends at " + (position + bytes.position()));
            }
        }
        return bytes.flip();
    }
}
