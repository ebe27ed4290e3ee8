package dev.sluice.gateway.outbound.database;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcTimeoutException;
import io.r2dbc.spi.Wrapped;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * One connection and one deadline for each question or change, and one kind of error.
 *
 * <p>What has begun is carried to its end although its caller leaves: cancelling only stops the wait. So a connection
 * always comes back in a known state, a commit is never cut off by a client that went away, and no thread of H2 is
 * interrupted. The end is bounded: the server ends a statement at its timeout, and a connection on which an operation
 * has not ended two seconds after that is closed under it.
 */
final class Database {
    private static final Logger log = LoggerFactory.getLogger(Database.class);
    /** What a transaction has beyond one statement's time, and what a broken one has to be taken back. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Engine engine;
    private final Scheduler answers;
    private final int connections;
    private final Duration work;
    private final Duration whole;

    Database(Engine engine, DatabaseProperties properties) {
        this.engine = engine;
        this.answers = engine.blocks() ? Schedulers.parallel() : Schedulers.immediate();
        this.connections = properties.poolSize();
        this.work = properties.statementTimeout().plus(GRACE);
        // Acquired, worked and taken back. Whatever else should hang, nobody waits longer.
        this.whole = properties.acquireTimeout().plus(work).plus(GRACE.multipliedBy(3));
    }

    /** A question: statements that change nothing. */
    <T> Mono<T> ask(Function<DatabaseClient, Mono<T>> question) {
        return started(() -> new Operation<>(question, false)).onErrorMap(error -> DatabaseErrors.of(error, false));
    }

    /**
     * A change: all of its statements take effect, or none. It is rolled back when {@code change} ends with an error.
     * Must not be asked from within another: with every connection held by such, none could go on.
     */
    <T> Mono<T> change(Function<DatabaseClient, Mono<T>> change) {
        // All but the last deadline says by itself whether it was committing.
        return started(() -> new Operation<>(change, true)).onErrorMap(error -> DatabaseErrors.of(error, true));
    }

    private <T> Mono<T> started(Supplier<Operation<T>> operation) {
        Mono<T> result = Mono.defer(() -> operation.get().result())
                .subscribeOn(engine.scheduler())
                .onErrorMap(RejectedExecutionException.class, error -> DatabaseErrors.of(error, false))
                .doFinally(_ -> engine.ended());
        return Mono.<T>create(sink -> {
                    if (engine.begin()) {
                        carryOut(result.contextWrite(sink.contextView()), sink);
                    } else {
                        sink.error(new DatabaseException(DatabaseFailure.UNAVAILABLE, "the database is closed"));
                    }
                })
                .publishOn(answers)
                .timeout(whole);
    }

    /** To its end, whoever waits for it. */
    private static <T> void carryOut(Mono<T> operation, MonoSink<T> sink) {
        AtomicBoolean alone = new AtomicBoolean();
        sink.onCancel(() -> alone.set(true));
        // One signal for value and end: an end that follows a value may overtake a caller that has not asked for it
        // yet.
        var _ = operation
                .singleOptional()
                .subscribe(value -> value.ifPresentOrElse(sink::success, sink::success), error -> {
                    if (alone.get()) {
                        log.warn("A database operation failed after its caller had left", error);
                    } else {
                        sink.error(error);
                    }
                });
    }

    /** One that the pool has found broken is replaced at once; there may be as many of those as connections. */
    private Mono<Connection> connection() {
        return engine.connection()
                .retryWhen(Retry.max(connections)
                        .filter(error -> !(error instanceof R2dbcTimeoutException))
                        .onRetryExhaustedThrow((_, last) -> last.failure()));
    }

    private final class Operation<T> {
        private final Function<DatabaseClient, Mono<T>> work;
        private final boolean atomic;
        private volatile boolean committing;

        Operation(Function<DatabaseClient, Mono<T>> work, boolean atomic) {
            this.work = work;
            this.atomic = atomic;
        }

        Mono<T> result() {
            return Mono.usingWhen(
                            connection(),
                            this::work,
                            Connection::close,
                            this::takeBack,
                            connection -> takeBack(connection, new CancellationException()))
                    .onErrorMap(error -> DatabaseErrors.of(error, committing));
        }

        private Mono<T> work(Connection connection) {
            Mono<T> result = work.apply(engine.client(connection));
            if (atomic) {
                result = Mono.from(connection.beginTransaction())
                        .then(result.map(Optional::of).defaultIfEmpty(Optional.empty()))
                        .delayUntil(_ -> commit(connection))
                        .flatMap(Mono::justOrEmpty);
            }
            return engine.blocks() ? result : result.timeout(Database.this.work);
        }

        private Mono<Void> commit(Connection connection) {
            return Mono.defer(() -> {
                committing = true;
                return Mono.from(connection.commitTransaction());
            });
        }

        /** A connection of which it is not known what it is doing is closed; the pool then drops it. */
        private Mono<Void> takeBack(Connection connection, Throwable error) {
            boolean known = !(error instanceof TimeoutException || error instanceof CancellationException);
            Mono<Void> back = known ? rollback(connection) : Mono.error(error);
            return back.timeout(GRACE)
                    .onErrorResume(lost -> giveUp(connection, lost))
                    .then(Mono.defer(() -> Mono.from(connection.close())))
                    .timeout(GRACE.multipliedBy(2))
                    .onErrorComplete();
        }

        private Mono<Void> rollback(Connection connection) {
            return atomic ? Mono.from(connection.rollbackTransaction()) : Mono.empty();
        }

        private Mono<Void> giveUp(Connection connection, Throwable lost) {
            log.debug("A connection is given up", lost);
            return connection instanceof Wrapped<?> pooled && pooled.unwrap() instanceof Connection own
                    ? Mono.from(own.close()).timeout(GRACE).onErrorComplete()
                    : Mono.empty();
        }
    }
}
