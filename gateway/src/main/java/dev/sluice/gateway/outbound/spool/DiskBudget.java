package dev.sluice.gateway.outbound.spool;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Disk for files on their way: so many bytes in all, and of them so many for one owner. A file counts, as large as it
 * may become, from before its first byte until it is gone. Nobody waits: whoever is refused has sent nothing yet.
 * Thread-safe.
 */
public final class DiskBudget {
    private final long most;
    private final long mostOfOwner;
    // Guarded by this.
    private final Map<String, Long> byOwner = new HashMap<>();
    private long reserved;

    /**
     * @param most bytes of all files at a time
     * @param mostOfOwner of those of one owner
     */
    public DiskBudget(long most, long mostOfOwner) {
        this.most = most;
        this.mostOfOwner = mostOfOwner;
    }

    /** Whose bytes are used up. */
    public enum Whose {
        /** The owner's share. */
        OWNERS,
        /** Those of all. */
        ALL
    }

    /** There is no room for a file. Carries no stack trace. */
    public static final class FullException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final Whose whose;

        FullException(Whose whose) {
            super("disk for files on their way: used up", null, true, false);
            this.whose = whose;
        }

        /** Whose room it is. */
        public Whose whose() {
            return whose;
        }
    }

    /**
     * Room for a file. One that is larger than a whole share takes all of it.
     *
     * @param owner whose share it is of, or null for a file that is nobody's
     * @throws FullException if there is none
     */
    public synchronized Share reserve(@Nullable String owner, long bytes) {
        long wanted = Math.min(bytes, owner == null ? most : mostOfOwner);
        if (owner != null && byOwner.getOrDefault(owner, 0L) + wanted > mostOfOwner) {
            throw new FullException(Whose.OWNERS);
        }
        if (reserved + wanted > most) {
            throw new FullException(Whose.ALL);
        }
        add(owner, wanted);
        return new Share(owner, wanted);
    }

    /** Bytes reserved now. */
    public synchronized long reserved() {
        return reserved;
    }

    private void add(@Nullable String owner, long bytes) {
        reserved += bytes;
        if (owner != null && byOwner.merge(owner, bytes, Long::sum) == 0) {
            byOwner.remove(owner);
        }
    }

    /** Room for one file, until it is closed. */
    public final class Share implements AutoCloseable {
        private final @Nullable String owner;
        private long bytes;

        private Share(@Nullable String owner, long bytes) {
            this.owner = owner;
            this.bytes = bytes;
        }

        /** Gives back what is beyond so many bytes, now that its size is known. */
        public void shrinkTo(long smaller) {
            synchronized (DiskBudget.this) {
                long remaining = Math.min(smaller, bytes);
                add(owner, remaining - bytes);
                bytes = remaining;
            }
        }

        /** Gives everything back; any number of times. */
        @Override
        public void close() {
            shrinkTo(0);
        }
    }
}
