package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.contract.trace.TraceSpan;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcTimeoutException;
import io.r2dbc.spi.Wrapped;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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
 * One connection and one deadline for each query or transaction, and one kind of error.
 *
 * <p>An operation that has begun runs to its end although its caller leaves: cancelling only stops the wait. So a
 * connection always comes back in a known state, a commit is never cut off by a client that went away, and no thread of
 * H2 is interrupted. The end is bounded: the server ends a statement at its timeout, and a connection on which an
 * operation has not ended two seconds after that is closed under it.
 */
public final class Database {
    private static final Logger log = LoggerFactory.getLogger(Database.class);
    /**
     * The time of a transaction beyond one statement's, and the time in which a failed one must release its connection.
     */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("db.system.name");
    private static final AttributeKey<String> KIND = AttributeKey.stringKey("sluice.database.operation");

    private final DatabasePool pool;
    private final Scheduler answers;
    private final int connections;
    private final Duration work;
    private final Duration whole;
    private final TraceSpan.Operation trace;
    private final AtomicReference<Outage> outage = new AtomicReference<>(Outage.NONE);
    private volatile long answeredAt = System.nanoTime();

    Database(DatabasePool pool, DatabaseProperties properties) {
        this.pool = pool;
        this.answers = pool.blocks() ? Schedulers.parallel() : Schedulers.immediate();
        this.trace =
                new TraceSpan.Operation(pool.blocks() ? "h2database" : "postgresql", SpanKind.CLIENT, Database::kind);
        this.connections = properties.poolSize();
        this.work = properties.statementTimeout().plus(GRACE);
        // To acquire, work and release. Whatever else may hang, no caller waits longer.
        this.whole = properties.acquireTimeout().plus(work).plus(GRACE.multipliedBy(3));
    }

    /** Runs statements that change nothing. */
    public <T> Mono<T> query(Function<DatabaseClient, Mono<T>> statements) {
        return traced(
                "query",
                noticed(
                        started(() -> new Operation<>(statements, false))
                                .onErrorMap(error -> DatabaseErrors.of(error, false)),
                        false));
    }

    /**
     * Runs statements in one transaction: all of them take effect, or none. It is rolled back when {@code statements}
     * end with an error. Must not be called from within another: if all connections were used so, none could proceed.
     */
    public <T> Mono<T> transaction(Function<DatabaseClient, Mono<T>> statements) {
        // All but the last deadline says by itself whether it was committing.
        return traced(
                "transaction",
                noticed(
                        started(() -> new Operation<>(statements, true))
                                .onErrorMap(error -> DatabaseErrors.of(error, true)),
                        true));
    }

    /** In a trace it has no statement and no value, and the wait for a connection is part of it. */
    private <T> Mono<T> traced(String kind, Mono<T> operation) {
        return TraceSpan.mono(trace, span -> {
            if (span.isRecorded()) {
                span.set(SYSTEM, trace.name()).set(KIND, kind);
            }
            return operation;
        });
    }

    private static String kind(Throwable error) {
        return error instanceof DatabaseException known
                ? known.kind().name().toLowerCase(Locale.ROOT)
                : error.getClass().getName();
    }

    /**
     * Says once why there is no database, and once that there is one again. An operation that has waited in vain says
     * nothing of a database that has answered others since it began. Of one that takes no changes the next change says
     * that it does: it answers questions all the while.
     */
    private <T> Mono<T> noticed(Mono<T> operation, boolean isChange) {
        return Mono.defer(() -> {
            long begun = System.nanoTime();
            return operation
                    .doOnSuccess(_ -> answered(isChange))
                    .doOnError(DatabaseException.class, error -> failed(error, begun));
        });
    }

    private void answered(boolean isChange) {
        answeredAt = System.nanoTime();
        Outage last = outage.get();
        if ((last == Outage.AWAY || (last == Outage.READ_ONLY && isChange))
                && outage.compareAndSet(last, Outage.NONE)) {
            log.info("The database answers again");
        }
    }

    private void failed(DatabaseException error, long begun) {
        // Without a cause it is this process that has closed it.
        if (error.kind() != DatabaseException.Kind.UNAVAILABLE || error.getCause() == null) {
            return;
        }
        boolean isReadOnly = DatabaseErrors.isReadOnly(error);
        if ((isReadOnly || answeredAt - begun < 0)
                && outage.compareAndSet(Outage.NONE, isReadOnly ? Outage.READ_ONLY : Outage.AWAY)) {
            log.warn("The database is unavailable: {}", DatabaseErrors.reason(error));
        }
    }

    private enum Outage {
        NONE,
        AWAY,
        READ_ONLY
    }

    /** Whether the last operation found no database, or one that takes no changes. */
    boolean isUnavailable() {
        return outage.get() != Outage.NONE;
    }

    /** Asks the database; a standby answers, and takes none. */
    Mono<Boolean> takesChanges() {
        // H2 is this process's own.
        return query(client -> pool.blocks()
                ? client.sql("SELECT 1").fetch().rowsUpdated().thenReturn(true)
                : client.sql("SELECT current_setting('transaction_read_only')")
                        .mapValue(String.class)
                        .one()
                        .map("off"::equals));
    }

    private <T> Mono<T> started(Supplier<Operation<T>> operation) {
        Mono<T> result = Mono.defer(() -> operation.get().result())
                .subscribeOn(pool.scheduler())
                .onErrorMap(RejectedExecutionException.class, error -> DatabaseErrors.of(error, false))
                .doFinally(_ -> pool.ended());
        return Mono.<T>create(sink -> {
                    if (pool.begin()) {
                        runToCompletion(result.contextWrite(sink.contextView()), sink);
                    } else {
                        sink.error(new DatabaseException(DatabaseException.Kind.UNAVAILABLE, "the database is closed"));
                    }
                })
                .publishOn(answers)
                .timeout(whole);
    }

    /** Runs to its end, whether the caller still waits or not. */
    private static <T> void runToCompletion(Mono<T> operation, MonoSink<T> sink) {
        AtomicBoolean abandoned = new AtomicBoolean();
        sink.onCancel(() -> abandoned.set(true));
        // One signal for value and end: an end that follows a value may overtake a caller that has not asked for it
        // yet.
        var _ = operation
                .singleOptional()
                .subscribe(value -> value.ifPresentOrElse(sink::success, sink::success), error -> {
                    if (abandoned.get()) {
                        log.warn("A database operation failed after its caller had left: {}", FailureLine.of(error));
                    } else {
                        sink.error(error);
                    }
                });
    }

    /**
     * A connection that the pool finds broken is replaced at once; as many may be broken as there are. Where none can
     * be made there is no second try: the caller asks again.
     */
    private Mono<Connection> connection() {
        return pool.connection()
                .retryWhen(Retry.max(connections)
                        .filter(error -> !(error instanceof R2dbcTimeoutException
                                || error instanceof TimeoutException
                                || error instanceof NoServerException))
                        .onRetryExhaustedThrow((_, last) -> last.failure()));
    }

    private final class Operation<T> {
        private final Function<DatabaseClient, Mono<T>> statements;
        private final boolean atomic;
        private volatile boolean committing;

        Operation(Function<DatabaseClient, Mono<T>> statements, boolean atomic) {
            this.statements = statements;
            this.atomic = atomic;
        }

        Mono<T> result() {
            return Mono.usingWhen(
                            connection(),
                            this::work,
                            Connection::close,
                            this::release,
                            connection -> release(connection, new CancellationException()))
                    .onErrorMap(error -> DatabaseErrors.of(error, committing));
        }

        private Mono<T> work(Connection connection) {
            Mono<T> result = statements.apply(pool.client(connection));
            if (atomic) {
                result = Mono.from(connection.beginTransaction())
                        .then(result.map(Optional::of).defaultIfEmpty(Optional.empty()))
                        .delayUntil(_ -> commit(connection))
                        .flatMap(Mono::justOrEmpty);
            }
            result = result.doOnError(DatabaseErrors::isReadOnly, _ -> pool.leaveServer());
            return pool.blocks() ? result : result.timeout(Database.this.work, late());
        }

        private static <V> Mono<V> late() {
            return Mono.error(() -> new TimeoutException("no answer to a statement"));
        }

        private Mono<Void> commit(Connection connection) {
            return Mono.defer(() -> {
                committing = true;
                return Mono.from(connection.commitTransaction());
            });
        }

        /** A connection of which it is not known what it is doing is closed; the pool then drops it. */
        private Mono<Void> release(Connection connection, Throwable error) {
            boolean known = !(error instanceof TimeoutException || error instanceof CancellationException);
            Mono<Void> back = known ? rollback(connection) : Mono.error(error);
            return back.timeout(GRACE)
                    .onErrorResume(lost -> discard(connection, lost))
                    .then(Mono.defer(() -> Mono.from(connection.close())))
                    .timeout(GRACE.multipliedBy(2))
                    .onErrorComplete();
        }

        private Mono<Void> rollback(Connection connection) {
            return atomic ? Mono.from(connection.rollbackTransaction()) : Mono.empty();
        }

        private Mono<Void> discard(Connection connection, Throwable lost) {
            log.debug("A connection is given up", lost);
            return connection instanceof Wrapped<?> pooled && pooled.unwrap() instanceof Connection own
                    ? Mono.from(own.close()).timeout(GRACE).onErrorComplete()
                    : Mono.empty();
        }
    }
}
