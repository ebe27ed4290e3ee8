package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Window;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * What this process has of the windows that all processes share, one {@link Lease} each. A request takes from it
 * without asking Redis; Redis is asked, once for all who wait, when it is used up. Once a period each lease says where
 * it stands: that gives back what is not used, and repairs what Redis forgot in a failover.
 */
final class Leases {
    private static final Duration LAST_WORDS = Duration.ofMillis(200);
    private static final int HOLDER_BYTES = 8;

    private final Map<String, Lease> leases = new ConcurrentHashMap<>();
    private final AtomicLong holders = new AtomicLong();
    private final String process;
    private final ScriptExecutor redis;
    private final RedisLimiterSettings settings;
    private final RedisClock clock;
    private final RedisBreaker breaker;
    private final Scheduler timer;
    private final Script script;
    private final CompiledPolicy.Topology topology;
    private final Disposable reports;

    Leases(
            ScriptExecutor redis,
            RedisLimiterSettings settings,
            CompiledPolicy.Topology topology,
            RedisClock clock,
            RedisBreaker breaker,
            Scheduler timer,
            Script script) {
        this.redis = redis;
        this.settings = settings;
        this.topology = topology;
        this.clock = clock;
        this.breaker = breaker;
        this.timer = timer;
        this.script = script;
        byte[] random = new byte[HOLDER_BYTES];
        ThreadLocalRandom.current().nextBytes(random);
        process = HexFormat.of().formatHex(random);
        long period = settings.leases().period().toMillis();
        reports = timer.schedulePeriodically(this::report, period, period, TimeUnit.MILLISECONDS);
    }

    /** Reserves units of the window that is current, as far as this process knows. */
    void reserve(CompiledLimit limit, long units, Lease.Claim claim) {
        Lease lease = lease(limit);
        if (!lease.reserve(units, settings.queue(), claim)) {
            askIfWanted(lease);
        }
    }

    private Lease lease(CompiledLimit limit) {
        Window window = Objects.requireNonNull(limit.windowAt(clock.millis()), limit.limit.name());
        String key = limit.key(window);
        Lease known = leases.get(key);
        return known == null
                ? leases.computeIfAbsent(
                        key,
                        _ -> new Lease(
                                limit,
                                key,
                                window,
                                process + '-' + holders.incrementAndGet(),
                                settings.leases().period().toMillis()))
                : known;
    }

    private void askIfWanted(Lease lease) {
        Lease.Question question = lease.ask(settings.batch());
        if (question != null) {
            ask(lease, question);
        }
    }

    /** Those who come while a question is on its way are asked for by the next one. */
    private void ask(Lease lease, Lease.Question question) {
        String shard = topology.shard(lease.tag);
        if (!breaker.mayCall(shard)) {
            lease.failed(question);
            return;
        }
        long sent = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        CompletionStage<byte[]> answer = send(lease, question);
        Disposable late = redis.watch(timer, settings.commandTimeout(), () -> breaker.answeredAt(shard), () -> {
            if (isOver.compareAndSet(false, true)) {
                failed(shard, lease, question, sent, new RedisBreaker.SlowRedisException(settings.commandTimeout()));
            }
        });
        var _ = answer.whenComplete((bytes, error) -> {
            late.dispose();
            boolean isInTime = isOver.compareAndSet(false, true);
            if (error == null) {
                if (isInTime) {
                    breaker.answered(shard, System.nanoTime() - sent);
                }
                answered(lease, question, bytes);
            } else if (isInTime) {
                failed(shard, lease, question, sent, error);
            }
        });
    }

    private void failed(String shard, Lease lease, Lease.Question question, long sent, Throwable error) {
        breaker.failed(shard, System.nanoTime() - sent, error);
        lease.failed(question);
        askIfWanted(lease);
    }

    private CompletionStage<byte[]> send(Lease lease, Lease.Question question) {
        return redis.run(
                script,
                ScriptOutputType.VALUE,
                new byte[][] {Keys.bytes(lease.key)},
                lease.holder.getBytes(US_ASCII),
                arguments(lease, question, settings.leases().share()));
    }

    static byte[] arguments(Lease lease, Lease.Question question, int share) {
        MessagePack.Writer numbers = new MessagePack.Writer();
        numbers.add(lease.window.start());
        numbers.add(lease.window.end());
        numbers.add(lease.capacity());
        numbers.add(share);
        numbers.add(question.number());
        numbers.add(question.spent());
        numbers.add(question.store());
        numbers.add(question.needs().size());
        question.needs().forEach(numbers::add);
        return MessagePack.Writer.array(numbers);
    }

    private void answered(Lease lease, Lease.Question question, byte[] bytes) {
        MessagePack.Reader numbers = new MessagePack.Reader(bytes);
        clock.correct(numbers.next());
        lease.answered(question, answer(numbers), clock.millis());
        if (lease.isOver()) {
            leases.remove(lease.key, lease);
        }
        askIfWanted(lease);
    }

    static Lease.Answer answer(MessagePack.Reader numbers) {
        return new Lease.Answer(numbers.next() == 1, numbers.next(), numbers.next(), numbers.next());
    }

    private void report() {
        for (Lease lease : leases.values()) {
            Lease.Question question = lease.report();
            if (question != null) {
                ask(lease, question);
            }
        }
    }

    /** Where the process stands with a limit; asks Redis what others have. */
    Mono<LimitStatus> inspect(CompiledLimit limit) {
        return Mono.defer(() -> {
            Lease lease = lease(limit);
            Lease.@Nullable Question question = lease.look();
            if (question == null) {
                return lease.isOver()
                        ? Mono.error(new IllegalStateException("a window ended meanwhile"))
                        : Mono.just(lease.status(clock.millis()));
            }
            return Mono.fromCompletionStage(send(lease, question))
                    .doOnError(_ -> lease.failed(question))
                    .doOnCancel(() -> lease.failed(question))
                    .flatMap(bytes -> {
                        answered(lease, question, bytes);
                        return lease.isOver()
                                ? Mono.error(new IllegalStateException("a window ended meanwhile"))
                                : Mono.just(lease.status(clock.millis()));
                    });
        });
    }

    /** Gives back what was not spent, if Redis hears it at once. */
    void close() {
        reports.dispose();
        List<CompletableFuture<?>> last = new ArrayList<>();
        for (Lease lease : leases.values()) {
            Lease.Question question = lease.look();
            if (question != null) {
                last.add(send(lease, question).toCompletableFuture());
            }
        }
        CompletableFuture.allOf(last.toArray(CompletableFuture<?>[]::new))
                .completeOnTimeout(null, LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionally(_ -> null)
                .join();
    }
}
