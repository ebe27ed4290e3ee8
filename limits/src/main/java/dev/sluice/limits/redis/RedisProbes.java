package dev.sluice.limits.redis;

import dev.sluice.limits.redis.connection.RedisLink;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Asks Redis for nobody whether it takes a script that writes: each master for whoever wants to know, and, as long as
 * an outage lasts, those that failed, so that its end is found without traffic too. What is answered, and what is not,
 * goes to the circuit breaker as any command's does.
 */
final class RedisProbes implements AutoCloseable {
    private static final Script WRITE = Script.of("redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) return 1");
    private static final byte[] KEPT_MILLIS =
            Keys.bytes(Long.toString(Duration.ofMinutes(1).toMillis()));

    private final Function<String, CompletionStage<?>> command;
    private final Supplier<List<RedisLink.Master>> masters;
    private final CompiledPolicy.Topology topology;
    private final RedisBreaker breaker;
    private final Disposable periodic;

    /**
     * @param command sends a command to the slot of a tag, as {@link #command} does
     * @param timer asks again, once a rest of the breaker, while an outage lasts
     */
    RedisProbes(
            Function<String, CompletionStage<?>> command,
            Supplier<List<RedisLink.Master>> masters,
            CompiledPolicy.Topology topology,
            RedisBreaker breaker,
            Scheduler timer) {
        this.command = command;
        this.masters = masters;
        this.topology = topology;
        this.breaker = breaker;
        long rest = breaker.rest().toMillis();
        periodic = timer.schedulePeriodically(this::askWhatFailed, rest, rest, TimeUnit.MILLISECONDS);
    }

    /** Writes a key in the slot of a tag; fails when Redis refuses that, or has not answered in time. */
    static Function<String, CompletionStage<?>> command(
            ScriptExecutor redis,
            RedisLimiterSettings settings,
            CompiledPolicy.Topology topology,
            RedisBreaker breaker,
            Scheduler timer) {
        return tag -> {
            CompletableFuture<Long> done = new CompletableFuture<>();
            byte[][] keys = {Keys.bytes(Keys.prefix(settings.keyPrefix(), tag) + "health")};
            CompletionStage<Long> answer = redis.run(WRITE, ScriptOutputType.INTEGER, keys, KEPT_MILLIS);
            Disposable late = redis.watch(
                    timer,
                    settings.commandTimeout(),
                    () -> breaker.answeredAt(topology.shard(tag)),
                    () -> done.completeExceptionally(new RedisBreaker.SlowRedisException(settings.commandTimeout())));
            var _ = answer.whenComplete((value, error) -> {
                late.dispose();
                if (error == null) {
                    done.complete(value);
                } else {
                    done.completeExceptionally(error);
                }
            });
            return done;
        };
    }

    private void askWhatFailed() {
        if (!breaker.isDegraded()) {
            return;
        }
        Set<String> known = new HashSet<>();
        for (RedisBreaker.Suspect suspect : breaker.suspects()) {
            String tag = suspect.shard().isEmpty() ? Tags.all().getFirst() : suspect.shard();
            known.add(tag);
            for (int i = 0; i < suspect.probes(); i++) {
                var _ = ask(tag);
            }
        }
        // Whether the other masters are silent too is known by asking them: a decision asks none after the first that
        // fails.
        for (RedisLink.Master master : masters.get()) {
            if (known.add(master.tag())) {
                var _ = ask(master.tag());
            }
        }
    }

    /**
     * What is wrong with the masters, one text each; empty if all take scripts that write. Takes no longer than a
     * command; never fails.
     */
    Mono<List<String>> faults() {
        return Flux.defer(() -> Flux.fromIterable(masters.get()))
                .flatMap(master -> Mono.fromFuture(ask(master.tag()), true)
                        .flatMap(Mono::justOrEmpty)
                        .map(fault -> master.name() + ": " + fault))
                .collectList()
                .map(found -> found.isEmpty() ? breaker.opened() : found);
    }

    private CompletableFuture<Optional<String>> ask(String tag) {
        String shard = topology.shard(tag);
        if (!breaker.mayCall(shard)) {
            return CompletableFuture.completedFuture(Optional.of("failed too often, and is left alone for a moment"));
        }
        long sent = System.nanoTime();
        return command.apply(tag)
                .<Optional<String>>handle((_, error) -> {
                    long took = System.nanoTime() - sent;
                    if (error == null) {
                        breaker.answered(shard, took);
                        return Optional.empty();
                    }
                    breaker.failed(shard, took, error);
                    Throwable cause = error instanceof CompletionException
                            ? Objects.requireNonNullElse(error.getCause(), error)
                            : error;
                    return Optional.of(String.valueOf(cause.getMessage()));
                })
                .toCompletableFuture();
    }

    @Override
    public void close() {
        periodic.dispose();
    }
}
