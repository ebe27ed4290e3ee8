package dev.sluice.gateway.outbound.imagecache.disk;

import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once that images are not being kept, and only again after one was. */
final class LogOnce {
    private static final Logger LOG = LoggerFactory.getLogger(LogOnce.class);

    private final AtomicBoolean failing = new AtomicBoolean();

    void failed(String reason) {
        if (failing.compareAndSet(false, true)) {
            LOG.warn("images are served but not kept: {}", reason);
        } else {
            LOG.debug("not kept: {}", reason);
        }
    }

    void failed(Exception cause) {
        failed(cause.toString());
    }

    void succeeded() {
        if (failing.get() && failing.compareAndSet(true, false)) {
            LOG.info("images are kept again");
        }
    }
}
