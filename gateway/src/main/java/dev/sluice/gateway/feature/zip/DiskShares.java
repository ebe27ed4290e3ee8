package dev.sluice.gateway.feature.zip;

import dev.sluice.zipstream.BufferBudget.Reservation;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * A reservation for several images, made at once so that none of them has to wait for room while others hold some. Each
 * image that goes to disk takes a share and gives it back by itself; disposing of this gives back what nobody took.
 */
final class DiskShares implements Disposable {
    private final Reservation all;
    private final long each;
    private long taken;
    private boolean disposed;

    /** @param each bytes of one share */
    DiskShares(Reservation all, long each) {
        this.all = all;
        this.each = each;
    }

    /** One of the shares; null when there is none left. */
    synchronized @Nullable Reservation next() {
        if (disposed || all.bytes() - taken < each) {
            return null;
        }
        taken += each;
        return new Share(each);
    }

    @Override
    public synchronized void dispose() {
        disposed = true;
        all.shrinkTo(taken);
        releaseIfEmpty();
    }

    @Override
    public synchronized boolean isDisposed() {
        return disposed;
    }

    private synchronized void free(long bytes) {
        taken -= bytes;
        all.shrinkTo(all.bytes() - bytes);
        releaseIfEmpty();
    }

    /** Who holds nothing any more is to be known as that. */
    private void releaseIfEmpty() {
        if (disposed && taken == 0) {
            all.release();
        }
    }

    private final class Share implements Reservation {
        private long bytes;

        Share(long bytes) {
            this.bytes = bytes;
        }

        @Override
        public synchronized long bytes() {
            return bytes;
        }

        @Override
        public synchronized void shrinkTo(long smaller) {
            if (smaller < 0 || smaller > bytes) {
                throw new IllegalArgumentException("bytes: " + smaller + " (expected: 0 to " + bytes + ")");
            }
            free(bytes - smaller);
            bytes = smaller;
        }

        @Override
        public void release() {
            shrinkTo(0);
        }
    }
}
