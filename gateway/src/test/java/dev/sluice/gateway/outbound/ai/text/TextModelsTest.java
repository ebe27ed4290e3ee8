package dev.sluice.gateway.outbound.ai.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;
import tools.jackson.databind.node.JsonNodeFactory;

/** Tries, pauses and the deadline, to the millisecond, in virtual time. */
class TextModelsTest {
    private static final TextModels.TryPolicy DEFAULTS =
            new TextModels.TryPolicy(Duration.ofSeconds(14), Duration.ofMillis(300));
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final TextPiece TEXT = new TextPiece.Delta("a");
    private static final TextPiece END = new TextPiece.End("m", null, "STOP");

    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final List<Long> starts = new ArrayList<>();
    private final List<Long> given = new ArrayList<>();
    private final List<Prompt> asked = new ArrayList<>();

    @AfterEach
    void stop() {
        timer.dispose();
    }

    @Test
    void twoTriesThatTimeOutEndTogetherWithinTheDeadline() {
        StepVerifier.create(guarded(DEFAULTS, failingAfter(Duration.ofSeconds(14), ProviderFailure.TIMED_OUT)))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(28_299)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .verifyErrorMatches(failure -> is(failure, ProviderFailure.TIMED_OUT));
        assertThat(starts).containsExactly(0L, 14_300L);
        // No third one can follow, so the second has all that is left but for a hundredth of the whole.
        assertThat(given).containsExactly(14_000L, 15_400L);
    }

    @Test
    void secondTryMaySucceed() {
        StepVerifier.create(guarded(
                        DEFAULTS,
                        failingAfter(Duration.ofSeconds(1), ProviderFailure.UNREACHABLE),
                        Flux.just(TEXT, END)))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1_300)))
                .expectNext(TEXT, END)
                .verifyComplete();
        assertThat(starts).containsExactly(0L, 1_300L);
    }

    @Test
    void firstTryThatLeavesNoTimeIsTheOnlyOne() {
        TextModels.TryPolicy patient = new TextModels.TryPolicy(Duration.ofSeconds(29), Duration.ofMillis(300));

        StepVerifier.create(guarded(patient, failingAfter(Duration.ofSeconds(29), ProviderFailure.TIMED_OUT)))
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(29)))
                .verifyErrorMatches(failure -> is(failure, ProviderFailure.TIMED_OUT));
        assertThat(starts).containsExactly(0L);
    }

    @Test
    void tryThatNoOtherCanFollowHasTheWholeDeadline() {
        TextModels.TryPolicy patient = new TextModels.TryPolicy(Duration.ofSeconds(29), Duration.ofMillis(300));
        Flux<TextPiece> slow = Mono.delay(Duration.ofMillis(29_600), timer).thenMany(Flux.just(TEXT, END));

        StepVerifier.create(guarded(patient, slow))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(29_600)))
                .expectNext(TEXT, END)
                .verifyComplete();
        assertThat(given).containsExactly(29_700L);
    }

    @Test
    void answerThatGoesOnInAnotherCallIsOneAnswer() {
        TextPiece pause = new TextPiece.End("m", new TokenUsage(7, 60, 67), "CONTINUATION", "t");

        StepVerifier.create(guarded(
                        DEFAULTS,
                        Flux.just(TEXT, pause),
                        Flux.just(TEXT, new TextPiece.End("m", new TokenUsage(67, 30, 97), "STOP"))))
                .expectNext(TEXT, TEXT, new TextPiece.End("m", new TokenUsage(74, 90, 164), "STOP"))
                .verifyComplete();
        assertThat(asked).extracting(Prompt::continuation).containsExactly(null, "t");
        assertThat(asked).extracting(Prompt::maxOutputTokens).containsExactly(100L, 40L);
    }

    @Test
    void answerThatAlwaysGoesOnEndsWhenItsTokensAreSpent() {
        TextPiece pause = new TextPiece.End("m", new TokenUsage(7, 40, 47), "CONTINUATION", "t");

        StepVerifier.create(guarded(DEFAULTS, Flux.just(TEXT, pause)))
                .expectNext(TEXT, TEXT, TEXT)
                .verifyErrorMatches(failure -> is(failure, ProviderFailure.INCOMPLETE));
        assertThat(asked).extracting(Prompt::maxOutputTokens).containsExactly(100L, 60L, 20L);
    }

    @Test
    void answerThatAlwaysGoesOnAndCostsNothingEndsAfterEightCalls() {
        TextPiece pause = new TextPiece.End("m", null, "CONTINUATION", "t");

        StepVerifier.create(guarded(DEFAULTS, Flux.just(pause)))
                .verifyErrorMatches(failure -> is(failure, ProviderFailure.INCOMPLETE));
        assertThat(asked).hasSize(8);
    }

    @Test
    void callsOfOneAnswerHaveOneDeadline() {
        TextPiece pause = new TextPiece.End("m", null, "CONTINUATION", "t");

        StepVerifier.create(guarded(
                        DEFAULTS,
                        Mono.delay(Duration.ofSeconds(12), timer)
                                .thenReturn(pause)
                                .flux()))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(29_999)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .verifyErrorMatches(failure -> is(failure, ProviderFailure.TIMED_OUT));
        assertThat(given).containsExactly(14_000L, 17_700L, 5_700L);
    }

    @Test
    void whatWillFareNoBetterIsNotTriedAgain() {
        for (ProviderFailure failure : ProviderFailure.values()) {
            starts.clear();
            StepVerifier.create(guarded(DEFAULTS, failingAfter(Duration.ZERO, failure)))
                    .then(() -> timer.advanceTimeBy(Duration.ofSeconds(1)))
                    .verifyErrorMatches(error -> is(error, failure));
            assertThat(starts).as("tries after %s", failure).hasSize(failure.isRetryable() ? 2 : 1);
        }
    }

    @Test
    void answerThatGoesOnForEverEndsAtTheDeadline() {
        Flux<TextPiece> endless = Flux.interval(Duration.ofSeconds(1), timer).map(second -> TEXT);

        StepVerifier.create(guarded(DEFAULTS, endless))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(29_999)))
                .expectNextCount(29)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .thenConsumeWhile(TEXT::equals)
                .verifyErrorMatches(failure -> is(failure, ProviderFailure.TIMED_OUT));
        assertThat(starts).containsExactly(0L);
    }

    @Test
    void callerThatLeavesInThePauseIsAskedForNoMore() {
        StepVerifier.create(guarded(DEFAULTS, failingAfter(Duration.ofSeconds(1), ProviderFailure.SERVER_ERROR)))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1_100)))
                .thenCancel()
                .verify();

        timer.advanceTimeBy(Duration.ofMinutes(1));
        assertThat(starts).containsExactly(0L);
    }

    @Test
    void callerThatLeavesIsCountedAsSuch() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        TextModel model = TextModels.guarded((prompt, how, within, called) -> Flux.never(), DEFAULTS, meters, timer);

        StepVerifier.create(
                        model.reply(prompt(), TextModel.Delivery.STREAMED, DEADLINE, () -> CallAccount.Cost.IGNORED))
                .expectSubscription()
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(1)))
                .thenCancel()
                .verify();

        assertThat(meters.get("sluice.ai.calls")
                        .tag("outcome", "cancelled")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @SafeVarargs
    private Flux<TextPiece> guarded(TextModels.TryPolicy patience, Flux<TextPiece>... tries) {
        TextModel provider = (prompt, delivery, within, called) -> Flux.defer(() -> {
            starts.add(timer.now(TimeUnit.MILLISECONDS));
            given.add(within.toMillis());
            asked.add(prompt);
            return tries[Math.min(starts.size(), tries.length) - 1];
        });
        return TextModels.guarded(provider, patience, new SimpleMeterRegistry(), timer)
                .reply(prompt(), TextModel.Delivery.STREAMED, DEADLINE, () -> CallAccount.Cost.IGNORED);
    }

    private Flux<TextPiece> failingAfter(Duration delay, ProviderFailure failure) {
        return Mono.delay(delay, timer).flatMapMany(late -> Flux.error(() -> new ProviderException(failure, "no")));
    }

    private static Prompt prompt() {
        return new Prompt(
                Prompt.conversation("Hello"),
                null,
                JsonNodeFactory.instance.objectNode().put("maxOutputTokens", 100));
    }

    private static boolean is(Throwable error, ProviderFailure failure) {
        return error instanceof ProviderException known && known.failure() == failure;
    }
}
