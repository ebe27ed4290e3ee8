package dev.sluice.gateway.outbound.imagecache.disk;

import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * A cached image for one reader: its bytes are either in {@link #memory} or in {@link #file}, and stay there,
 * unchanged, until {@link #dispose}, which every reader must call, on any thread, once or more often.
 */
public final class OpenImage implements Disposable {
    private final CachedMeta meta;
    private final @Nullable ByteBuf memory;
    private final @Nullable Path file;
    private final long offset;
    private final long crc32;
    private final AtomicReference<@Nullable Runnable> onDispose;

    private OpenImage(
            CachedMeta meta,
            @Nullable ByteBuf memory,
            @Nullable Path file,
            long offset,
            long crc32,
            Runnable onDispose) {
        this.meta = meta;
        this.memory = memory;
        this.file = file;
        this.offset = offset;
        this.crc32 = crc32;
        this.onDispose = new AtomicReference<>(onDispose);
    }

    /** Takes ownership of the buffer. */
    public static OpenImage inMemory(CachedMeta meta, ByteBuf memory) {
        return new OpenImage(meta, memory, null, 0, EntryFile.NO_CRC, memory::release);
    }

    /**
     * An image in its file.
     *
     * @param crc32 of the body
     */
    public static OpenImage inFile(CachedMeta meta, Path file, long offset, long crc32, Runnable onDispose) {
        return new OpenImage(meta, null, file, offset, crc32, onDispose);
    }

    public CachedMeta meta() {
        return meta;
    }

    /**
     * The whole body, or null when it is in the file. It is this image's, with positions of its own; who writes it to a
     * channel, which releases what it was given, gives it a {@code retainedSlice}.
     */
    public @Nullable ByteBuf memory() {
        return memory;
    }

    /** The file that holds the body between {@link #offset} and its end, or null when the body is in memory. */
    public @Nullable Path file() {
        return file;
    }

    /** Where the body begins in the file; 0 in memory. */
    public long offset() {
        return offset;
    }

    /** CRC-32 of the body, which is in a file. */
    public long crc32() {
        if (crc32 == EntryFile.NO_CRC) {
            throw new IllegalStateException("crc32: of an image in memory (expected: in a file)");
        }
        return crc32;
    }

    /** The body's length in bytes. */
    public long length() {
        return meta.length();
    }

    @Override
    public void dispose() {
        Runnable action = onDispose.getAndSet(null);
        if (action != null) {
            action.run();
        }
    }

    @Override
    public boolean isDisposed() {
        return onDispose.get() == null;
    }
}
