package dev.sluice.gateway.outbound.imagecache.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.atomic.AtomicInteger;

/** The file system, which tells of each call before it is made. */
class WatchedCalls implements CacheDirectory.FileCalls {
    enum Call {
        CREATE,
        WRITE,
        CLOSE,
        MODIFIED,
        RENAME,
        OVERWRITE,
        DELETE
    }

    /** Files that are open for writing. */
    final AtomicInteger open = new AtomicInteger();

    void before(Call call) throws IOException {}

    @Override
    public WritableByteChannel create(Path file) throws IOException {
        before(Call.CREATE);
        WritableByteChannel channel = CacheDirectory.FileCalls.super.create(file);
        open.incrementAndGet();
        return new WritableByteChannel() {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                before(Call.WRITE);
                // As a full disk does it: a part fits.
                return channel.write(bytes.limit(bytes.position() + Math.min(bytes.remaining(), 30_000)));
            }

            @Override
            public boolean isOpen() {
                return channel.isOpen();
            }

            @Override
            public void close() throws IOException {
                open.decrementAndGet();
                channel.close();
                before(Call.CLOSE);
            }
        };
    }

    @Override
    public FileTime modified(Path file) throws IOException {
        before(Call.MODIFIED);
        return CacheDirectory.FileCalls.super.modified(file);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        before(Call.RENAME);
        CacheDirectory.FileCalls.super.rename(from, to);
    }

    @Override
    public void overwrite(FileChannel file, long position, ByteBuffer bytes) throws IOException {
        before(Call.OVERWRITE);
        CacheDirectory.FileCalls.super.overwrite(file, position, bytes);
    }

    @Override
    public void delete(Path file) throws IOException {
        before(Call.DELETE);
        CacheDirectory.FileCalls.super.delete(file);
    }
}
