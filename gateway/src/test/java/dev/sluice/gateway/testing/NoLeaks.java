package dev.sluice.gateway.testing;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class after which Netty reports a leaked buffer: {@code @ExtendWith(NoLeaks.class)}. It needs
 * {@code -Dio.netty.leakDetection.level=paranoid} and {@link RecordingLeakDetector}, and says so when they are missing.
 */
public final class NoLeaks implements BeforeAllCallback, AfterAllCallback {
    private static final int ROUNDS = 3;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Reports of leaks that were there before this class. */
    private int known;

    /** Called by JUnit. */
    public NoLeaks() {}

    @Override
    public void beforeAll(ExtensionContext context) {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new IllegalStateException(
                    "io.netty.leakDetection.level: " + ResourceLeakDetector.getLevel() + " (expected: paranoid)");
        }
        if (!RecordingLeakDetector.class.getName().equals(System.getProperty("io.netty.customResourceLeakDetector"))) {
            throw new IllegalStateException(
                    "io.netty.customResourceLeakDetector (expected: " + RecordingLeakDetector.class.getName() + ")");
        }
        collect();
        known = RecordingLeakDetector.reports().size();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        collect();
        List<String> all = RecordingLeakDetector.reports();
        List<String> reports = all.subList(known, all.size());
        if (!reports.isEmpty()) {
            throw new AssertionError(reports.size() + " leaked buffers; the first: " + reports.getFirst());
        }
    }

    /**
     * A leak is reported when the next buffer is allocated after the lost one was collected and its reference was
     * enqueued. References of one collection are enqueued before those of the next: where the last round waits for its
     * own, those of the rounds before it are reported, and what only a reference had kept is too.
     *
     * <p>Where everything was released there is nothing to find, and this does not make the JVM look through its whole
     * heap, which takes it a second for the rounds.
     */
    private static void collect() {
        if (!RecordingLeakDetector.anyIsOpen()) {
            return;
        }
        for (int i = 0; i < ROUNDS; i++) {
            collectGarbage();
            ByteBufAllocator.DEFAULT.directBuffer(16).release();
            ByteBufAllocator.DEFAULT.heapBuffer(16).release();
            ByteBufAllocator.DEFAULT.compositeBuffer(2).release();
        }
    }

    private static void collectGarbage() {
        ReferenceQueue<Object> collected = new ReferenceQueue<>();
        WeakReference<Object> garbage = new WeakReference<>(new Object(), collected);
        System.gc();
        try {
            if (collected.remove(TIMEOUT.toMillis()) == null) {
                throw new IllegalStateException("not collected: " + garbage.get());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }
}
