package dev.sluice.zipstream;

import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** An archive to read of which only the headers exist; whoever reads payload finds zeros. */
final class HollowArchive implements SeekableByteChannel {

    private final ArchiveLayout layout;
    private long position;
    private boolean open = true;

    HollowArchive(ArchiveLayout layout) {
        this.layout = layout;
    }

    @Override
    public int read(ByteBuffer into) {
        long left = layout.length() - position;
        if (left <= 0) {
            return -1;
        }
        int count = (int) Math.min(left, into.remaining());
        for (ArchiveSegment segment : layout.slice(position, count)) {
            switch (segment) {
                case ArchiveSegment.Bytes known -> into.put(known.bytes());
                case ArchiveSegment.Payload part -> into.put(new byte[(int) part.length()]);
            }
        }
        position += count;
        return count;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() {
        return layout.length();
    }

    @Override
    public int write(ByteBuffer from) {
        throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }
}
