package dev.sluice.gateway.outbound.imagecache.disk;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;

/**
 * A body that waits for a disk thread. It holds the buffers until it has run or its turn is cancelled, whichever is
 * first.
 */
final class StoreTask implements Runnable {
    private final List<DataBuffer> body;
    private final Function<List<DataBuffer>, Runnable> action;
    private final AtomicBoolean taken = new AtomicBoolean();

    /**
     * Retains the buffers. The action gets them, and neither keeps nor releases them; what it answers is run when they
     * have been released here.
     */
    StoreTask(List<DataBuffer> body, Function<List<DataBuffer>, Runnable> action) {
        this.body = List.copyOf(body);
        this.action = action;
        this.body.forEach(DataBufferUtils::retain);
    }

    @Override
    public void run() {
        if (taken.compareAndSet(false, true)) {
            Runnable then;
            try {
                then = action.apply(body);
            } finally {
                body.forEach(DataBufferUtils::release);
            }
            then.run();
        }
    }

    /** Releases the buffers, unless the action has begun. */
    void cancel() {
        if (taken.compareAndSet(false, true)) {
            body.forEach(DataBufferUtils::release);
        }
    }
}
