package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which puts this gateway takes at a time: one of a key, and of all no more bytes than there is disk for, of one owner
 * no more than its share. The whole body counts from before its first byte is read until it is an object or gone.
 * Nobody waits: a client that is refused has sent nothing yet. Thread-safe.
 */
final class PutAdmission {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final long mostBytes;
    private final long mostBytesOfOwner;
    // Guarded by this.
    private final Set<ObjectKey> written = new HashSet<>();
    private final Map<String, Long> bytesByOwner = new HashMap<>();
    private long bytes;

    /**
     * @param mostBytes of all puts at a time
     * @param mostBytesOfOwner of those of one owner
     */
    PutAdmission(long mostBytes, long mostBytesOfOwner) {
        this.mostBytes = mostBytes;
        this.mostBytesOfOwner = mostBytesOfOwner;
    }

    /** The right to put an object, until it is closed. */
    record Place(PutAdmission admission, ObjectKey key, long size) implements AutoCloseable {
        @Override
        public void close() {
            admission.release(key, size);
        }
    }

    /**
     * Admits a put, or says why not.
     *
     * @throws GatewayException {@code conflict}, {@code too_many_concurrent} or {@code overloaded}
     */
    synchronized Place admit(ObjectKey key, long size) {
        if (written.contains(key)) {
            throw new GatewayException(ProblemCode.CONFLICT, "The upload is taking place already.").retryAfter(SOON);
        }
        long ofOwner = bytesByOwner.getOrDefault(key.tenant(), 0L);
        if (ofOwner + size > mostBytesOfOwner) {
            throw new GatewayException(
                            ProblemCode.TOO_MANY_CONCURRENT, "As many of your uploads as may be are under way.")
                    .retryAfter(SOON);
        }
        if (bytes + size > mostBytes) {
            throw new GatewayException(ProblemCode.OVERLOADED, "No room for another upload at present.")
                    .retryAfter(SOON);
        }
        written.add(key);
        bytesByOwner.put(key.tenant(), ofOwner + size);
        bytes += size;
        return new Place(this, key, size);
    }

    private synchronized void release(ObjectKey key, long size) {
        if (written.remove(key)) {
            bytes -= size;
            bytesByOwner.computeIfPresent(key.tenant(), (owner, held) -> held == size ? null : held - size);
        }
    }
}
