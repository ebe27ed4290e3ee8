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
 * Starts the decoders, on one thread without network. A seccomp filter takes the network from that thread before it
 * does anything else, and every process that it starts inherits the filter.
 *
 * <p>So does every thread that it starts, as when a pool grows on it. So it does nothing but start processes, and only
 * platform threads may wait for them: waking a virtual thread submits it to a pool, which may then grow. The JDK's own
 * thread that waits for a process to end is started here too, and does just as little.
 */
final class NetworklessLauncher implements AutoCloseable {
    private static final long TIMEOUT_SECONDS = 10;

    private final ExecutorService thread;
    private volatile @Nullable String refusal = "it was not tried";

    NetworklessLauncher() {
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
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
            while (true) {
                try {
                    return started.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException now) {
                    isInterrupted = true;
                } catch (TimeoutException late) {
                    if (isTaken.compareAndSet(false, true)) {
                        throw new IOException("no process was started in " + TIMEOUT_SECONDS + " s", late);
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
