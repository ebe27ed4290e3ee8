package dev.sluice.gateway.outbound.picture.decode.vips;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that starts decoders. It has given up the network before it does anything else, and Linux hands that
 * down to every process that it starts.
 *
 * <p>And to every thread: what comes into being on it, as in a pool that grows, has no network either. So it does
 * nothing but start processes, and only platform threads may wait for them: to wake a virtual thread is to hand it to a
 * pool, which may grow then. The JDK's own thread that waits for a process to end comes from here, too, and does the
 * same as little.
 */
final class UnconnectedThread implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;

    private final ExecutorService thread;
    private volatile @Nullable String refusal = "it was not tried";

    UnconnectedThread() {
        // The filter is per thread, so it is installed by each that the executor may ever make.
        thread = Executors.newSingleThreadExecutor(
                work -> Thread.ofPlatform().daemon().name("decoder-start").unstarted(() -> {
                    refusal = SeccompFilter.install();
                    work.run();
                }));
    }

    /** Why what is started here can reach the network; null if it cannot. Known once something was started. */
    @Nullable String refusal() {
        return refusal;
    }

    /**
     * A process that runs, which the caller ends. Blocks for a short time, without heeding an interruption, so that
     * none is started and forgotten.
     *
     * @throws IllegalStateException on a virtual thread
     */
    Process start(ProcessBuilder builder) throws IOException {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread must not wait for a process without network");
        }
        AtomicBoolean isTaken = new AtomicBoolean();
        Future<Process> started = thread.submit(() -> {
            Process process = builder.start();
            if (!isTaken.compareAndSet(false, true)) {
                process.destroyForcibly(); // nobody waits for it any more
            }
            return process;
        });
        boolean isInterrupted = false;
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (true) {
                try {
                    return started.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException now) {
                    isInterrupted = true;
                } catch (TimeoutException late) {
                    if (isTaken.compareAndSet(false, true)) {
                        throw new IOException("no process was started in " + PATIENCE_SECONDS + " s", late);
                    }
                    deadline = Long.MAX_VALUE; // it has just been
                }
            }
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof IOException known ? known : new IOException(failed.getCause());
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
