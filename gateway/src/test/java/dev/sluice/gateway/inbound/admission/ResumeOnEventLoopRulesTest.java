package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.ReactiveStreamsRules;
import io.netty.channel.DefaultEventLoop;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** {@link ResumeOnEventLoop} keeps the rules of Reactive Streams, and its promise about threads. */
class ResumeOnEventLoopRulesTest {
    private static final DefaultEventLoop LOOP = new DefaultEventLoop();

    @AfterAll
    static void stop() {
        var _ = LOOP.shutdownGracefully();
    }

    @TestFactory
    Stream<DynamicTest> resultsOfAnotherThreadKeepTheRules() {
        return ReactiveStreamsRules.of(
                1,
                elements -> new ResumeOnEventLoop<>(
                        Mono.justOrEmpty(elements == 0 ? null : elements).publishOn(Schedulers.boundedElastic()), LOOP),
                new ResumeOnEventLoop<>(Mono.error(new IllegalStateException("failed")), LOOP));
    }

    @Test
    void resultAndErrorOfAnotherThreadAreGivenOnTheEventLoop() {
        Mono<Boolean> onLoop = new ResumeOnEventLoop<>(Mono.just("result").publishOn(Schedulers.boundedElastic()), LOOP)
                .map(result -> LOOP.inEventLoop());
        Mono<Boolean> afterError = new ResumeOnEventLoop<>(
                        Mono.<Boolean>error(new IllegalStateException("failed")).publishOn(Schedulers.boundedElastic()),
                        LOOP)
                .onErrorResume(error -> Mono.just(LOOP.inEventLoop()));

        StepVerifier.create(onLoop).expectNext(true).verifyComplete();
        StepVerifier.create(afterError).expectNext(true).verifyComplete();
    }

    @Test
    void resultOfTheEventLoopIsGivenAtOnce() {
        Mono<Boolean> atOnce = Mono.fromCallable(() -> {
                    boolean[] given = new boolean[1];
                    var _ = new ResumeOnEventLoop<>(Mono.just("result"), LOOP).subscribe(result -> given[0] = true);
                    return given[0];
                })
                .subscribeOn(Schedulers.fromExecutor(LOOP));

        assertThat(atOnce.block()).isTrue();
    }
}
