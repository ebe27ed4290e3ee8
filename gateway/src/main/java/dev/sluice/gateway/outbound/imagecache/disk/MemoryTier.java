package dev.sluice.gateway.outbound.imagecache.disk;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.IllegalReferenceCountException;
import org.jspecify.annotations.Nullable;

/**
 * Small bodies that are asked for often, in direct memory. What is held here never weighs more than the bound; a body
 * that had to go stays readable for who reads it already.
 */
final class MemoryTier {
    /** Exactly as much as asked for; a pool would round up. */
    private static final ByteBufAllocator MEMORY = UnpooledByteBufAllocator.DEFAULT;

    private final long largest;
    private final Cache<CacheEntry, ByteBuf> bodies;
    private volatile boolean closed;

    MemoryTier(long maxBytes, long largest) {
        this.largest = Math.min(Math.min(largest, maxBytes), Integer.MAX_VALUE);
        this.bodies = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((CacheEntry entry, ByteBuf body) -> Math.max(1, body.capacity()))
                .executor(Runnable::run) // evicts before put returns
                .<CacheEntry, ByteBuf>removalListener((entry, body, cause) -> {
                    if (body != null) {
                        body.release();
                    }
                })
                .build();
    }

    /** Whether bodies of this length are stored here. */
    boolean admits(long bodyLength) {
        return bodyLength > 0 && bodyLength <= largest;
    }

    /**
     * Memory for a body, which the caller releases or gives to {@link #put}; null when the body is too large, or memory
     * too short to spend it on speed.
     */
    @Nullable ByteBuf allocate(long bodyLength) {
        if (!admits(bodyLength)) {
            return null;
        }
        try {
            return MEMORY.directBuffer((int) bodyLength, (int) bodyLength);
        } catch (OutOfMemoryError noDirectMemory) {
            return null;
        }
    }

    /** The body, which the caller releases; null when it is not here. */
    @Nullable ByteBuf get(CacheEntry entry) {
        ByteBuf body = bodies.getIfPresent(entry);
        if (body == null) {
            return null;
        }
        try {
            return body.retainedDuplicate();
        } catch (IllegalReferenceCountException evictedMeanwhile) {
            return null;
        }
    }

    /** Takes ownership of the body. */
    void put(CacheEntry entry, ByteBuf body) {
        bodies.put(entry, body);
        if (closed) {
            remove(entry);
        }
    }

    void remove(CacheEntry entry) {
        bodies.invalidate(entry);
    }

    /** Releases all, and keeps nothing from now on. */
    void close() {
        closed = true;
        bodies.invalidateAll();
        bodies.cleanUp();
    }

    /** What is held now. */
    long bytes() {
        return bodies.policy()
                .eviction()
                .map(bound -> bound.weightedSize().orElse(0))
                .orElse(0L);
    }
}
