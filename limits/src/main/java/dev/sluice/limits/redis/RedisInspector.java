package dev.sluice.limits.redis;

import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.Window;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads and resets the counters of one subject. */
final class RedisInspector {
    /** As many as a policy may have. */
    private static final int AT_ONCE = 32;

    private final ScriptExecutor redis;
    private final AddressBuckets addressBuckets;
    private final Leases leases;
    private final RedisLimiterSettings settings;
    private final CompiledPolicy.Topology topology;
    private final RedisClock clock;
    private final Script admit;
    private final Script reset;

    RedisInspector(
            ScriptExecutor redis,
            AddressBuckets addressBuckets,
            Leases leases,
            RedisLimiterSettings settings,
            CompiledPolicy.Topology topology,
            RedisClock clock,
            Script admit,
            Script reset) {
        this.redis = redis;
        this.addressBuckets = addressBuckets;
        this.leases = leases;
        this.settings = settings;
        this.topology = topology;
        this.clock = clock;
        this.admit = admit;
        this.reset = reset;
    }

    Mono<List<LimitStatus>> inspect(List<Limit> limits, Subject subject) {
        return Flux.fromIterable(limits)
                .buffer(AT_ONCE)
                .concatMap(
                        some -> inspect(new CompiledPolicy(new Policy("inspect", some), settings, topology), subject))
                .concatMapIterable(statuses -> statuses)
                .collectList();
    }

    private Mono<List<LimitStatus>> inspect(CompiledPolicy policy, Subject subject) {
        LimitStatus[] statuses = new LimitStatus[policy.policy.limits().size()];
        Mono<Void> first = Flux.range(0, policy.first.size())
                .concatMap(i -> Mono.fromFuture(() -> addressBuckets.inspect(policy.first.get(i), subject))
                        .doOnNext(status -> statuses[policy.firstIndexes[i]] = status))
                .then();
        Mono<Void> leased = Flux.fromIterable(policy.leased)
                .concatMap(limit -> leases.inspect(limit).retry(2).doOnNext(status -> statuses[limit.index] = status))
                .then();
        Mono<Void> parts = Flux.fromIterable(policy.parts)
                .concatMap(part -> verdict(part, subject).doOnNext(verdict -> {
                    for (int i = 0; i < verdict.limits(); i++) {
                        CompiledLimit limit = part.limits.get(i);
                        statuses[limit.index] = verdict.status(i, limit.limit);
                    }
                }))
                .then();
        return first.then(leased).then(parts).then(Mono.fromSupplier(() -> List.of(statuses)));
    }

    private Mono<Verdict> verdict(CompiledPolicy.Part part, Subject subject) {
        return Mono.defer(() -> {
                    AdmitCommand command = new AdmitCommand(settings.keyPrefix(), clock.millis());
                    command.inspect(new PartReservation("-", part, subject, Reservation.ofTheLimits()));
                    return Mono.fromCompletionStage(() -> redis.<byte[]>run(
                                    admit, ScriptOutputType.VALUE, command.keys(), command.arguments()))
                            .flatMap(answer -> verdict(command, answer));
                })
                .retry(2);
    }

    private Mono<Verdict> verdict(AdmitCommand command, byte[] answer) {
        AdmitCommand.Verdicts verdicts = command.verdicts(answer);
        clock.correct(verdicts.redisMillis());
        Verdict verdict = verdicts.requests().getFirst();
        return verdict.code() == Verdict.Code.NOT_NOW
                ? Mono.error(new IllegalStateException("a window ended meanwhile"))
                : Mono.just(verdict);
    }

    Mono<Void> reset(List<Limit> limits, Subject subject) {
        return Flux.fromIterable(limits)
                .filter(limit -> limit.scope() != Scope.GLOBAL)
                .concatMap(limit -> reset(limit, subject))
                .then();
    }

    private Mono<Void> reset(Limit limit, Subject subject) {
        List<byte[]> names = new ArrayList<>();
        CompiledLimit compiled = new CompiledLimit(limit, 0, settings.keyPrefix());
        Window current = compiled.windowAt(clock.millis());
        names.add(Keys.bytes(compiled.counter(current)));
        if (current != null) {
            // This process may be wrong about the time by less than a window.
            names.add(Keys.bytes(compiled.counter(compiled.windowAt(current.start() - 1))));
            names.add(Keys.bytes(compiled.counter(compiled.windowAt(current.end()))));
        }
        byte[][] key = {Keys.bytes(compiled.value(subject))};
        Mono<Long> forgotten = Mono.fromCompletionStage(
                () -> redis.run(reset, ScriptOutputType.INTEGER, key, names.toArray(byte[][]::new)));
        return limit instanceof TokenBucket bucket && CompiledPolicy.isFirst(bucket, settings)
                ? forgotten.then(Mono.fromFuture(() -> addressBuckets.reset(bucket, subject)))
                : forgotten.then();
    }
}
