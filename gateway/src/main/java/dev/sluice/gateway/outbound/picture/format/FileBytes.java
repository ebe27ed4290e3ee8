package dev.sluice.gateway.outbound.picture.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * The numbers in a file, read one after the other through a small buffer. Whoever reads or seeks beyond the end is told
 * that the file is damaged. Not thread-safe; whoever opened the channel closes it.
 */
final class FileBytes {
    private static final int BUFFER = 16_384;
    private static final int LARGEST_PART = 1 << 20;

    private final FileChannel channel;
    private final String format;
    private final long length;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).limit(0);

    /** Where the buffer begins in the file. */
    private long start;

    /** @param format for what is said of damaged files */
    FileBytes(FileChannel channel, String format) throws IOException {
        this.channel = channel;
        this.format = format;
        this.length = channel.size();
    }

    /** A second reader of the same file, at its start. */
    FileBytes another() throws IOException {
        return new FileBytes(channel, format).order(buffer.order());
    }

    FileBytes order(ByteOrder order) {
        buffer.order(order);
        return this;
    }

    long length() {
        return length;
    }

    long position() {
        return start + buffer.position();
    }

    long remaining() {
        return length - position();
    }

    FileBytes seek(long position) {
        if (position < 0 || position > length) {
            throw brokenOff();
        }
        if (position >= start && position <= start + buffer.limit()) {
            buffer.position((int) (position - start));
        } else {
            start = position;
            buffer.position(0).limit(0);
        }
        return this;
    }

    FileBytes skip(long count) {
        if (count < 0 || count > remaining()) {
            throw brokenOff();
        }
        return seek(position() + count);
    }

    int u8() throws IOException {
        need(1);
        return buffer.get() & 0xff;
    }

    int u16() throws IOException {
        need(2);
        return buffer.getChar();
    }

    long u32() throws IOException {
        need(4);
        return Integer.toUnsignedLong(buffer.getInt());
    }

    /** Little-endian, whatever the order. */
    int u24() throws IOException {
        return u8() | (u8() << 8) | (u8() << 16);
    }

    /** @throws PictureException also for what does not fit: no file is as long */
    long u63() throws IOException {
        need(8);
        long number = buffer.getLong();
        if (number < 0) {
            throw brokenOff();
        }
        return number;
    }

    /** Four letters. */
    String letters() throws IOException {
        return new String(bytes(4), StandardCharsets.ISO_8859_1);
    }

    /** At most a megabyte. */
    byte[] bytes(long count) throws IOException {
        if (count < 0 || count > Math.min(remaining(), LARGEST_PART)) {
            throw brokenOff();
        }
        byte[] bytes = new byte[(int) count];
        for (int at = 0; at < bytes.length; ) {
            need(1);
            int some = Math.min(bytes.length - at, buffer.remaining());
            buffer.get(bytes, at, some);
            at += some;
        }
        return bytes;
    }

    private void need(int count) throws IOException {
        if (buffer.remaining() >= count) {
            return;
        }
        start += buffer.position();
        buffer.compact();
        while (buffer.position() < count) {
            if (channel.read(buffer, start + buffer.position()) < 0) {
                buffer.flip();
                throw brokenOff();
            }
        }
        buffer.flip();
    }

    private PictureException brokenOff() {
        return PictureException.damaged(format, "it breaks off");
    }
}
