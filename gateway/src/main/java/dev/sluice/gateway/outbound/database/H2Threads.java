package dev.sluice.gateway.outbound.database;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The threads that H2 blocks. Its reactive driver reads and writes the file on the thread that subscribes. These
 * threads are never interrupted, because an interrupt in the middle of a read closes the file for everybody.
 */
final class H2Threads {
    private final ThreadPoolExecutor executor;
    private final Scheduler scheduler;

    /** As many as there are connections, and a bounded number of operations that wait for one. */
    H2Threads(int threads, int mostWaiting) {
        executor = new ThreadPoolExecutor(
                threads,
                threads,
                1,
                TimeUnit.MINUTES,
                new LinkedBlockingQueue<>(mostWaiting),
                Thread.ofPlatform().daemon().name("sluice-h2-", 0).factory());
        executor.allowCoreThreadTimeOut(true);
        // An Executor, not an ExecutorService: what Reactor cannot cancel it does not interrupt.
        scheduler = Schedulers.fromExecutor((Runnable task) -> executor.execute(task));
    }

    Scheduler scheduler() {
        return scheduler;
    }

    /** The same driver, connecting on these threads. */
    ConnectionFactory connecting(ConnectionFactory driver) {
        return new Connecting(driver, scheduler);
    }

    /** Accepts no more work and waits for what runs. */
    void end(Duration limit) throws InterruptedException, TimeoutException {
        executor.shutdown();
        if (!executor.awaitTermination(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new TimeoutException("H2 is still at work");
        }
    }

    private record Connecting(ConnectionFactory driver, Scheduler scheduler) implements ConnectionFactory {
        @Override
        public Publisher<? extends Connection> create() {
            return Mono.from(driver.create()).subscribeOn(scheduler);
        }

        @Override
        public ConnectionFactoryMetadata getMetadata() {
            return driver.getMetadata();
        }
    }
}
