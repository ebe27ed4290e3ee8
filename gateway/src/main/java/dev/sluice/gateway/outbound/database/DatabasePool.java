package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.FailureLine;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.pool.PoolMetrics;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ValidationDepth;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.r2dbc.connection.SingleConnectionFactory;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.r2dbc.core.binding.BindMarkersFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The pool of connections and where their work runs.
 *
 * <p>PostgreSQL's driver is reactive and works on event loops; H2's blocks, and works on {@link H2Threads}.
 */
final class DatabasePool implements AutoCloseable {
    /** Operations that may wait for a connection; more are refused at once. */
    private static final int MOST_WAITING = 1000;

    private static final Duration IDLE = Duration.ofMinutes(5);
    private static final Duration LIFE = Duration.ofMinutes(30);
    private static final Duration SWEEP = Duration.ofSeconds(30);
    private static final Duration VALIDATION = Duration.ofSeconds(2);
    private static final Duration CLOSING = Duration.ofSeconds(5);
    private static final Duration NEVER = Duration.ofMillis(-1);
    private static final BindMarkersFactory MARKERS = BindMarkersFactory.indexed("$", 1);

    private final ConnectionFactory driver;
    private final ConnectionPool pool;
    private final @Nullable H2Threads threads;
    private final StaleConnections stale;
    /** The operations that run, and the pool itself until it closes. */
    private final Phaser operations = new Phaser(1);

    private DatabasePool(
            ConnectionFactory driver, ConnectionPool pool, @Nullable H2Threads threads, StaleConnections stale) {
        this.driver = driver;
        this.pool = pool;
        this.threads = threads;
        this.stale = stale;
    }

    /** Connects when it is first asked. */
    static DatabasePool start(DatabaseProperties properties) {
        ConnectionFactory driver = properties.connections();
        return switch (properties.address()) {
            case DatabaseAddress.Postgres _ -> postgres(driver, properties);
            case DatabaseAddress.H2 _ -> h2(driver, properties);
        };
    }

    private static DatabasePool postgres(ConnectionFactory driver, DatabaseProperties properties) {
        var stale = new StaleConnections();
        // A connection that the server has dropped is found before it is used, not by its use.
        var configuration = pool(driver, properties)
                .validationDepth(ValidationDepth.REMOTE)
                .backgroundEvictionInterval(SWEEP)
                .customizer(builder -> builder.maxPendingAcquire(MOST_WAITING)
                        .evictionPredicate((_, about) -> about.idleTime() >= IDLE.toMillis()
                                || about.lifeTime() >= LIFE.toMillis()
                                || stale.includes(about.allocationTimestamp())));
        return new DatabasePool(driver, new ConnectionPool(configuration.build()), null, stale);
    }

    private static DatabasePool h2(ConnectionFactory driver, DatabaseProperties properties) {
        var threads = new H2Threads(properties.poolSize(), MOST_WAITING);
        var configuration = pool(threads.connecting(driver), properties)
                .validationDepth(ValidationDepth.LOCAL)
                .maxIdleTime(NEVER)
                .maxLifeTime(NEVER)
                .allocatorSubscribeOn(threads.scheduler());
        return new DatabasePool(driver, new ConnectionPool(configuration.build()), threads, new StaleConnections());
    }

    private static ConnectionPoolConfiguration.Builder pool(ConnectionFactory driver, DatabaseProperties properties) {
        return ConnectionPoolConfiguration.builder(driver)
                .name("sluice")
                .initialSize(0)
                .maxSize(properties.poolSize())
                .maxAcquireTime(properties.acquireTimeout())
                .maxCreateConnectionTime(properties.longestConnect())
                .maxValidationTime(VALIDATION)
                .acquireRetry(0)
                .customizer(builder -> builder.maxPendingAcquire(MOST_WAITING));
    }

    /** A connection, valid when it comes; an error within the acquire timeout. */
    Mono<Connection> connection() {
        return pool.create();
    }

    /**
     * The server takes no changes, or not any more: no connection that is open now is used again, so that the next ones
     * go to where the driver finds the primary, or the resolver says that it is.
     */
    void leaveServer() {
        stale.invalidate();
    }

    /** For the statements of one operation. It leaves the connection open; the operation releases it. */
    DatabaseClient client(Connection connection) {
        return DatabaseClient.builder()
                .connectionFactory(new SingleConnectionFactory(connection, pool.getMetadata(), true))
                .bindMarkers(MARKERS)
                .build();
    }

    /** Where an operation has to begin. */
    Scheduler scheduler() {
        return threads == null ? Schedulers.immediate() : threads.scheduler();
    }

    /** Whether statements hold the thread that they run on. */
    boolean blocks() {
        return threads != null;
    }

    /** An operation goes on until {@link #ended()}, and {@link #close()} waits for it; false: it must not begin. */
    boolean begin() {
        return operations.register() >= 0;
    }

    /** Once for each that has begun, after its connection is back. */
    void ended() {
        operations.arriveAndDeregister();
    }

    /** The pool's metrics. */
    Optional<PoolMetrics> metrics() {
        return pool.getMetrics();
    }

    /**
     * Lets what has begun come to its end, then ends connections, then the database if it is a file of ours. Waits for
     * each of these, some seconds at most.
     */
    @Override
    public void close() {
        int phase = operations.arriveAndDeregister();
        Shutdown.await(
                CLOSING, limit -> operations.awaitAdvanceInterruptibly(phase, limit.toMillis(), TimeUnit.MILLISECONDS));
        if (threads != null) {
            // A connection is in the pool again a moment after its operation has ended, and must be before the pool
            // goes.
            Shutdown.await(CLOSING, threads::end);
        }
        Shutdown.await(CLOSING, pool.disposeLater());
        if (threads != null) {
            Shutdown.await(CLOSING, shutDown());
        }
    }

    private Mono<Void> shutDown() {
        return Mono.from(driver.create())
                .flatMap(connection -> Mono.from(
                                connection.createStatement("SHUTDOWN").execute())
                        .then());
    }

    /** Waits that block, for the end of the process, which has nothing else to do. */
    private static final class Shutdown {
        private static final Logger log = LoggerFactory.getLogger(DatabasePool.class);

        private Shutdown() {}

        /** A wait with a limit. */
        interface Step {
            void await(Duration limit) throws InterruptedException, TimeoutException;
        }

        /** Waits until it is done; when it takes longer, that is only logged. */
        static void await(Duration limit, Step step) {
            try {
                step.await(limit);
            } catch (TimeoutException _) {
                log.warn("The database did not close within {}", limit);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        /** Waits until it is done or has failed, which is only logged. */
        static void await(Duration limit, Mono<Void> end) {
            CountDownLatch done = new CountDownLatch(1);
            var _ = end.doFinally(_ -> done.countDown())
                    .subscribe(
                            _ -> {},
                            error -> log.warn("The database did not close cleanly: {}", FailureLine.of(error)));
            await(limit, most -> {
                if (!done.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new TimeoutException();
                }
            });
        }
    }
}
