package dev.sluice.gateway.outbound.imagecache.disk;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** A disk that refuses one kind of call from the n-th on, until it is mended. */
class FailingCalls extends WatchedCalls {
    private final Call failing;
    private final AtomicInteger left;
    volatile boolean mended;

    FailingCalls(Call failing, int good) {
        this.failing = failing;
        this.left = new AtomicInteger(good);
    }

    @Override
    void before(Call call) throws IOException {
        if (call == failing && left.getAndDecrement() <= 0 && !mended) {
            throw new IOException("No space left on device");
        }
    }
}
