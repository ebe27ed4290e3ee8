package dev.sluice.limits;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Looks at one subject's counters, and forgets them. */
final class Inspector {
    /** As many as a policy may have. */
    private static final int AT_ONCE = 32;

    private final RedisLink link;
    private final RedisLimiterSettings settings;
    private final RedisTime time;
    private final Script script;
    private final Supplier<@Nullable BucketWall> wall;

    Inspector(
            RedisLink link,
            RedisLimiterSettings settings,
            RedisTime time,
            Script script,
            Supplier<@Nullable BucketWall> wall) {
        this.link = link;
        this.settings = settings;
        this.time = time;
        this.script = script;
        this.wall = wall;
    }

    Mono<List<Standing>> inspect(List<Limit> limits, Subject subject) {
        return Flux.fromIterable(limits)
                .buffer(AT_ONCE)
                .concatMap(some -> look(new PolicyPlan(new Policy("inspect", some), settings), subject))
                .collectList();
    }

    private Flux<Standing> look(PolicyPlan plan, Subject subject) {
        Mono<List<Standing>> ofWall =
                plan.wall.isEmpty() ? Mono.just(List.of()) : Mono.defer(() -> wall(plan, subject));
        Mono<List<Standing>> ofScript = plan.scripted.isEmpty() ? Mono.just(List.of()) : script(plan, subject);
        return Mono.zip(ofWall, ofScript, (first, others) -> inOrder(plan, first, others))
                .flatMapIterable(standings -> standings);
    }

    private Mono<List<Standing>> wall(PolicyPlan plan, Subject subject) {
        BucketWall current = wall.get();
        return current == null
                ? Mono.error(new RedisLink.NotSentException())
                : Flux.fromIterable(plan.wall)
                        .concatMap(limit -> Mono.fromFuture(() -> current.look(limit, subject)))
                        .collectList();
    }

    private Mono<List<Standing>> script(PolicyPlan plan, Subject subject) {
        return Mono.defer(() -> {
                    AdmitCommand command = new AdmitCommand(settings.keyPrefix(), time.millis());
                    command.look(plan.scripted, subject);
                    return Mono.fromCompletionStage(() -> link.<List<Object>>run(
                                    script, ScriptOutputType.MULTI, command.keys(), command.arguments()))
                            .flatMap(answer -> standings(plan, command, answer));
                })
                .retry(2);
    }

    private Mono<List<Standing>> standings(PolicyPlan plan, AdmitCommand command, List<Object> answer) {
        time.told(AdmitCommand.redisMillis(answer));
        AdmitCommand.Verdict verdict = command.verdicts(answer).getFirst();
        if (verdict.code() == AdmitCommand.Code.NOT_NOW) {
            return Mono.error(new IllegalStateException("a window ended meanwhile"));
        }
        List<Standing> standings = new ArrayList<>(plan.scripted.size());
        for (ScriptLimit limit : plan.scripted) {
            standings.add(verdict.standing(standings.size(), limit.limit));
        }
        return Mono.just(standings);
    }

    private static List<Standing> inOrder(PolicyPlan plan, List<Standing> first, List<Standing> others) {
        List<String> names = plan.policy.limits().stream().map(Limit::name).toList();
        List<Standing> all = new ArrayList<>(first);
        all.addAll(others);
        Collections.sort(all, (a, b) -> Integer.compare(names.indexOf(a.limit()), names.indexOf(b.limit())));
        return all;
    }

    Mono<Void> reset(List<Limit> limits, Subject subject) {
        return Flux.fromIterable(limits)
                .filter(limit -> limit.scope() != Scope.GLOBAL)
                .concatMap(limit -> forget(limit, subject))
                .then();
    }

    private Mono<Void> forget(Limit limit, Subject subject) {
        List<byte[]> keys = new ArrayList<>();
        ScriptLimit scripted = new ScriptLimit(limit, settings.keyPrefix());
        Window current = scripted.windowAt(time.millis());
        keys.add(scripted.key(subject, current).getBytes(UTF_8));
        if (current != null) {
            // This process may be wrong about the time by less than a window.
            keys.add(scripted.key(subject, scripted.windowAt(current.start() - 1))
                    .getBytes(UTF_8));
            keys.add(scripted.key(subject, scripted.windowAt(current.end())).getBytes(UTF_8));
        }
        Mono<Long> deleted =
                Mono.fromCompletionStage(() -> link.connection().async().del(keys.toArray(byte[][]::new)));
        BucketWall ofAddresses = wall.get();
        return limit instanceof TokenBucket bucket && PolicyPlan.isWall(limit, settings) && ofAddresses != null
                ? deleted.then(Mono.fromFuture(() -> ofAddresses.forget(bucket, subject)))
                : deleted.then();
    }
}
