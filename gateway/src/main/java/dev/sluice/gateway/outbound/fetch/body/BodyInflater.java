package dev.sluice.gateway.outbound.fetch.body;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * One compressed stream that comes in pieces.
 *
 * <pre>
 *   gzip (RFC 1952)      header 10, [extra] [name 0] [comment 0] [crc 2] │ deflated │ CRC-32 4, size 4
 *                        │ another one like that, any number of times │ ignored
 *   deflate (RFC 1950)   header 2 │ deflated │ Adler-32 4 │ ignored
 *   deflate, as some take it (RFC 1951)              deflated │ ignored
 * </pre>
 *
 * <p>What follows the end is ignored, as browsers do. {@link #end()} frees native memory.
 */
public final class BodyInflater {
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int HEADER_CRC = 2;
    private static final int RESERVED = 0xe0;

    private enum Part {
        FIXED,
        EXTRA_LENGTH,
        EXTRA_FIELD,
        NAME,
        COMMENT,
        HEADER_CRC,
        DEFLATED,
        TRAILER,
        NEXT,
        AFTER
    }

    private final Inflater inflater;
    private final @Nullable CRC32 crc; // gzip only
    private Part part;
    private int at;
    private int flags;
    private long number; // the little-endian one being read: a length, or CRC-32 and size

    private BodyInflater(boolean raw, @Nullable CRC32 crc, Part first) {
        this.inflater = new Inflater(raw);
        this.crc = crc;
        this.part = first;
    }

    /** For RFC 1952. */
    public static BodyInflater gzip() {
        return new BodyInflater(true, new CRC32(), Part.FIXED);
    }

    /**
     * For RFC 1950, or RFC 1951 where origins get that wrong.
     *
     * @param start the first bytes of the stream, which tell the two apart
     */
    public static BodyInflater deflate(byte[] start) {
        boolean wrapped =
                start.length >= 2 && (start[0] & 0x0f) == 8 && ((start[0] & 0xff) << 8 | (start[1] & 0xff)) % 31 == 0;
        return new BodyInflater(!wrapped, null, Part.DEFLATED);
    }

    /** Whether the stream is whole. */
    public boolean isFinished() {
        return part == Part.AFTER || part == Part.NEXT;
    }

    /** Frees native memory. */
    public void end() {
        inflater.end();
    }

    /**
     * Decodes from {@code coded} until it is empty or {@code room} is full.
     *
     * @return how many bytes were written to {@code room}; 0 only when {@code coded} is empty
     */
    public int inflate(ByteBuffer coded, ByteBuffer room) throws DataFormatException {
        int start = room.position();
        boolean stuck = false;
        while (!stuck && part != Part.AFTER && room.hasRemaining()) {
            if (part == Part.DEFLATED) {
                stuck = !deflated(coded, room);
            } else if (coded.hasRemaining()) {
                read(coded.get() & 0xff);
            } else {
                stuck = true;
            }
        }
        if (part == Part.AFTER) {
            coded.position(coded.limit());
        }
        return room.position() - start;
    }

    /** False when nothing more can be done for now. */
    private boolean deflated(ByteBuffer coded, ByteBuffer room) throws DataFormatException {
        int from = room.position();
        inflater.setInput(coded);
        int count = inflater.inflate(room);
        if (crc != null) {
            crc.update(room.duplicate().flip().position(from));
        }
        if (inflater.needsDictionary()) {
            throw new DataFormatException("a dictionary is needed");
        }
        if (inflater.finished()) {
            part = crc == null ? Part.AFTER : Part.TRAILER;
            at = 0;
            number = 0;
            return true;
        }
        return count > 0;
    }

    private void read(int b) throws DataFormatException {
        switch (part) {
            case FIXED -> fixed(b);
            case EXTRA_LENGTH -> {
                number |= (long) b << (8 * at++);
                if (at == 2) {
                    enter(number == 0 ? Part.NAME : Part.EXTRA_FIELD);
                }
            }
            case EXTRA_FIELD -> {
                if (++at == number) {
                    enter(Part.NAME);
                }
            }
            case NAME, COMMENT -> {
                if (b == 0) {
                    enter(part == Part.NAME ? Part.COMMENT : Part.HEADER_CRC);
                }
            }
            case HEADER_CRC -> {
                if (++at == 2) {
                    enter(Part.DEFLATED);
                }
            }
            case TRAILER -> trailer(b);
            case NEXT -> next(b);
            case DEFLATED, AFTER -> throw new IllegalStateException("part: " + part + " (expected: one of bytes)");
        }
    }

    private void fixed(int b) throws DataFormatException {
        boolean wrong = switch (at) {
            case 0 -> b != 0x1f;
            case 1 -> b != 0x8b;
            case 2 -> b != 8;
            case 3 -> (b & RESERVED) != 0;
            default -> false;
        };
        if (wrong) {
            throw new DataFormatException("no gzip header");
        }
        flags = at == 3 ? b : flags;
        if (++at == 10) {
            number = 0;
            enter(Part.EXTRA_LENGTH);
        }
    }

    /** Goes to {@code next}, or to what follows it where the flags leave it out. */
    private void enter(Part next) {
        at = 0;
        part = next;
        if (next == Part.EXTRA_LENGTH && (flags & EXTRA) == 0) {
            enter(Part.NAME);
        } else if (next == Part.NAME && (flags & NAME) == 0) {
            enter(Part.COMMENT);
        } else if (next == Part.COMMENT && (flags & COMMENT) == 0) {
            enter(Part.HEADER_CRC);
        } else if (next == Part.HEADER_CRC && (flags & HEADER_CRC) == 0) {
            enter(Part.DEFLATED);
        }
    }

    private void trailer(int b) throws DataFormatException {
        number |= (long) b << (8 * at++);
        if (at == 8) {
            long expected = (inflater.getBytesWritten() & 0xffff_ffffL) << 32 | (crc == null ? 0 : crc.getValue());
            if (number != expected) {
                throw new DataFormatException("checksum or size");
            }
            enter(Part.NEXT);
        }
    }

    /** Another member, RFC 1952 section 2.2, or something that is none. */
    private void next(int b) {
        if (b != (at == 0 ? 0x1f : 0x8b)) {
            part = Part.AFTER;
        } else if (++at == 2) {
            inflater.reset();
            if (crc != null) {
                crc.reset();
            }
            part = Part.FIXED;
        }
    }
}
