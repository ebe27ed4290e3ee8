package dev.sluice.gateway.outbound.database;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.pool.PoolMetrics;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ValidationDepth;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
final class Engine implements AutoCloseable {
    /** Who may wait for a connection; more are refused at once. */
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
    /** Those under way, and this one, which leaves it when it closes. */
    private final Phaser operations = new Phaser(1);

    private Engine(ConnectionFactory driver, ConnectionPool pool, @Nullable H2Threads threads) {
        this.driver = driver;
        this.pool = pool;
        this.threads = threads;
    }

    /** Connects when it is first asked. */
    static Engine start(DatabaseProperties properties) {
        DatabaseAddress address = properties.address();
        ConnectionFactory driver = ConnectionFactories.get(address.reactive(properties));
        return switch (address) {
            case PostgresAddress _ -> {
                // A connection that the server has dropped is found before it is used, not by its use.
                var configuration = pool(driver, properties)
                        .validationDepth(ValidationDepth.REMOTE)
                        .maxIdleTime(IDLE)
                        .maxLifeTime(LIFE)
                        .backgroundEvictionInterval(SWEEP);
                yield new Engine(driver, new ConnectionPool(configuration.build()), null);
            }
            case H2Address _ -> h2(driver, properties);
        };
    }

    private static Engine h2(ConnectionFactory driver, DatabaseProperties properties) {
        var threads = new H2Threads(properties.poolSize(), MOST_WAITING);
        var configuration = pool(threads.connecting(driver), properties)
                .validationDepth(ValidationDepth.LOCAL)
                .maxIdleTime(NEVER)
                .maxLifeTime(NEVER)
                .allocatorSubscribeOn(threads.scheduler());
        return new Engine(driver, new ConnectionPool(configuration.build()), threads);
    }

    private static ConnectionPoolConfiguration.Builder pool(ConnectionFactory driver, DatabaseProperties properties) {
        return ConnectionPoolConfiguration.builder(driver)
                .name("sluice")
                .initialSize(0)
                .maxSize(properties.poolSize())
                .maxAcquireTime(properties.acquireTimeout())
                .maxCreateConnectionTime(properties.connectTimeout())
                .maxValidationTime(VALIDATION)
                .acquireRetry(0)
                .customizer(builder -> builder.maxPendingAcquire(MOST_WAITING));
    }

    /** A connection, valid when it comes; an error within the acquire timeout. */
    Mono<Connection> connection() {
        return pool.create();
    }

    /** For the statements of one operation. It leaves the connection open, which is the operation's to give back. */
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

    /** What the pool tells of itself. */
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
        Waiting.upTo(
                CLOSING, limit -> operations.awaitAdvanceInterruptibly(phase, limit.toMillis(), TimeUnit.MILLISECONDS));
        if (threads != null) {
            // A connection is in the pool again a moment after its operation has ended, and must be before the pool
            // goes.
            Waiting.upTo(CLOSING, threads::end);
        }
        Waiting.upTo(CLOSING, pool.disposeLater());
        if (threads != null) {
            Waiting.upTo(CLOSING, shutDown());
        }
    }

    private Mono<Void> shutDown() {
        return Mono.from(driver.create())
                .flatMap(connection -> Mono.from(
                                connection.createStatement("SHUTDOWN").execute())
                        .then());
    }
}
