package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.io.Serial;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * The one connection. It is made in the background and, once lost, made again by Lettuce, which then sends again what
 * was not answered: scripts may run twice. While there is none, commands fail at once.
 */
final class ScriptExecutor implements AutoCloseable {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final Supplier<StatefulRedisConnection<byte[], byte[]>> connect;
    private final Consumer<StatefulRedisConnection<byte[], byte[]>> connected;
    private final ReplicaExit replicas;
    private final Disposable connecting;
    private volatile @Nullable StatefulRedisConnection<byte[], byte[]> connection;
    private volatile boolean closed;

    /** {@code connected} is called once, with the connection, before it is used. */
    ScriptExecutor(
            RedisClient client, Consumer<StatefulRedisConnection<byte[], byte[]>> connected, ReplicaExit replicas) {
        this.connected = connected;
        this.replicas = replicas;
        this.connect = () -> client.connect(ByteArrayCodec.INSTANCE);
        // Lettuce connects to a client's own address only while a thread waits: the one place that does.
        connecting = Mono.fromCallable(this::open)
                .subscribeOn(Schedulers.boundedElastic())
                .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE).maxBackoff(LONGEST_PAUSE))
                .subscribe();
    }

    private Boolean open() {
        StatefulRedisConnection<byte[], byte[]> made = connect.get();
        connected.accept(made);
        connection = made;
        if (closed) {
            var _ = made.closeAsync();
        }
        return true;
    }

    /** The connection; throws while there is none. */
    StatefulRedisConnection<byte[], byte[]> connection() {
        StatefulRedisConnection<byte[], byte[]> current = connection;
        if (current == null) {
            throw new NotSentException();
        }
        return current;
    }

    /** Runs a script by its digest, and with its text where Redis does not know it. Never throws. */
    <T> CompletionStage<T> run(Script script, ScriptOutputType output, byte[][] keys, byte[]... arguments) {
        StatefulRedisConnection<byte[], byte[]> current = connection;
        if (current == null || !current.isOpen()) {
            return CompletableFuture.failedFuture(new NotSentException());
        }
        try {
            return current.async()
                    .<T>evalsha(script.digest(), output, keys, arguments)
                    .exceptionallyCompose(error -> isUnknown(error)
                            ? current.async().<T>eval(script.text().getBytes(UTF_8), output, keys, arguments)
                            : CompletableFuture.failedFuture(error))
                    .whenComplete((_, error) -> replicas.leaveAfter(error, current));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static boolean isUnknown(Throwable error) {
        return error instanceof RedisNoScriptException
                || (error instanceof CompletionException && error.getCause() instanceof RedisNoScriptException);
    }

    @Override
    public void close() {
        closed = true;
        connecting.dispose();
        StatefulRedisConnection<byte[], byte[]> current = connection;
        if (current != null) {
            var _ = current.closeAsync();
        }
    }

    /** There is no connection: nothing was sent, so nothing was done. */
    static final class NotSentException extends RedisConnectionException {
        @Serial
        private static final long serialVersionUID = 1L;

        NotSentException() {
            super("not connected");
        }
    }
}
