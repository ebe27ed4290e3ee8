package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which puts this gateway takes at a time: one of a key, and of all no more bytes than there is disk for, of one owner
 * no more than its share. The whole body counts from before its first byte is read until it is an object or gone.
 * Nobody waits: a client that is refused has sent nothing yet. Thread-safe.
 */
final class PutAdmission {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final DiskBudget disk;
    private final Set<ObjectKey> written = ConcurrentHashMap.newKeySet();

    /** @param disk for bodies of all puts at a time */
    PutAdmission(DiskBudget disk) {
        this.disk = disk;
    }

    /** The right to put an object, until it is closed. */
    final class Place implements AutoCloseable {
        private final ObjectKey key;
        private final DiskBudget.Share share;
        private boolean isClosed;

        private Place(ObjectKey key, DiskBudget.Share share) {
            this.key = key;
            this.share = share;
        }

        @Override
        public synchronized void close() {
            if (!isClosed) {
                isClosed = true;
                share.close();
                written.remove(key);
            }
        }
    }

    /**
     * Admits a put, or says why not.
     *
     * @throws GatewayException {@code conflict}, {@code too_many_concurrent} or {@code overloaded}
     */
    Place admit(ObjectKey key, long size) {
        if (!written.add(key)) {
            throw new GatewayException(ProblemCode.CONFLICT, "This upload is already in progress.").retryAfter(SOON);
        }
        try {
            return new Place(key, disk.reserve(key.tenant(), size));
        } catch (DiskBudget.FullException full) {
            written.remove(key);
            throw refusal(full);
        }
    }

    private static GatewayException refusal(DiskBudget.FullException full) {
        GatewayException refusal = switch (full.whose()) {
            case OWNERS ->
                new GatewayException(
                        ProblemCode.TOO_MANY_CONCURRENT,
                        "You have as many uploads in progress as one user may have.",
                        full);
            case ALL -> new GatewayException(ProblemCode.OVERLOADED, "No room for another upload at present.", full);
        };
        return refusal.retryAfter(SOON);
    }
}
