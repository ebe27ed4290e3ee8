package dev.sluice.gateway.outbound.ai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.ai.image.ImageModels.PollPolicy;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.retry.Backoff;
import dev.sluice.gateway.outbound.retry.Backoff.Jitter;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Looks, repetitions and the deadline, to the millisecond, in virtual time; without jitter but where it is named. */
class ImageModelsTest {
    private static final Duration WITHIN = Duration.ofMinutes(2);
    private static final ImagePrompt PROMPT = new ImagePrompt("a cat", ImagePrompt.AspectRatio.SQUARE);
    private static final Prediction PREDICTION = new Prediction("p1", PROMPT);
    private static final GeneratedImage MADE = new GeneratedImage.Inline("image/png", new byte[3]);

    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Script provider = new Script();

    @AfterEach
    void stop() {
        timer.dispose();
    }

    @Test
    void looksAtOnceThenLessAndLessOftenUpToThreeSeconds() {
        provider.looks(Mono.empty());

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(16)))
                .thenCancel()
                .verify();

        assertThat(provider.lookTimes).containsExactly(0L, 500L, 1250L, 2375L, 4062L, 6593L, 9593L, 12593L, 15593L);
    }

    @Test
    void jitterSpreadsLooksByAFifthAtMost() {
        provider.looks(Mono.empty());
        StepVerifier.create(model(new Jitter(Jitter.FIFTH.least(), Jitter.FIFTH.most(), () -> 0))
                        .await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(999)))
                .thenCancel()
                .verify();
        assertThat(provider.lookTimes).containsExactly(0L, 400L);

        for (int draw = 0; draw < 1000; draw++) {
            assertThat(PollPolicy.DEFAULTS.retry().backoff().jitter().of(Duration.ofMillis(500)))
                    .isBetween(Duration.ofMillis(400), Duration.ofMillis(600));
        }
    }

    @Test
    void pictureComesWithTheLookThatFindsIt() {
        provider.looks(Mono.empty(), Mono.empty(), Mono.just(MADE));

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1249)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .expectNext(MADE)
                .verifyComplete();
        assertThat(provider.cancellations).isEmpty();
        assertThat(generations("ok")).isEqualTo(1);
    }

    @Test
    void failuresThatPassAreRepeatedAfterOneTwoAndFourSeconds() {
        provider.looks(failure(ProviderFailure.SERVER_ERROR));

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(6999)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .verifyErrorMatches(is(ProviderFailure.SERVER_ERROR));
        assertThat(provider.lookTimes).containsExactly(0L, 1000L, 3000L, 7000L);
        assertThat(generations("server_error")).isEqualTo(1);
    }

    @Test
    void eachLookHasItsOwnRepetitions() {
        Mono<GeneratedImage> broken = failure(ProviderFailure.UNREACHABLE);
        provider.looks(broken, broken, broken, Mono.empty(), broken, broken, broken, Mono.just(MADE));

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(14_500)))
                .expectNext(MADE)
                .verifyComplete();
        assertThat(provider.lookTimes).containsExactly(0L, 1000L, 3000L, 7000L, 7500L, 8500L, 10_500L, 14_500L);
    }

    @Test
    void onlyWhatPassesAndCostsNothingTwiceIsRepeated() {
        List<ProviderFailure> repeated = new ArrayList<>();
        for (ProviderFailure failure : ProviderFailure.values()) {
            provider.createTimes.clear();
            provider.creates(failure(failure));
            StepVerifier.create(model(Jitter.NONE).create(PROMPT, WITHIN))
                    .then(() -> timer.advanceTimeBy(Duration.ofSeconds(7)))
                    .verifyErrorMatches(is(failure));
            if (provider.createTimes.size() == 4) {
                repeated.add(failure);
            } else {
                assertThat(provider.createTimes).as("tries after %s", failure).hasSize(1);
            }
        }

        assertThat(repeated)
                .containsExactlyInAnyOrder(
                        ProviderFailure.OVERLOADED,
                        ProviderFailure.UNREACHABLE,
                        ProviderFailure.TIMED_OUT,
                        ProviderFailure.SERVER_ERROR,
                        ProviderFailure.BUSY);
    }

    @Test
    void busyProviderIsLeftAloneForAsLongAsItAsks() {
        provider.creates(busy(Duration.ofSeconds(10)), Mono.just(PREDICTION));

        StepVerifier.create(model(Jitter.NONE).create(PROMPT, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(10)))
                .expectNext(PREDICTION)
                .verifyComplete();
        assertThat(provider.createTimes).containsExactly(0L, 10_000L);
    }

    @Test
    void providerThatIsBusyBeyondTheDeadlineIsNotWaitedFor() {
        provider.creates(busy(WITHIN));

        StepVerifier.create(model(Jitter.NONE).create(PROMPT, WITHIN))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(
                                ProviderException.class,
                                failure -> assertThat(failure.retryAfter()).isEqualTo(WITHIN)));
        assertThat(provider.createTimes).containsExactly(0L);
        assertThat(generations("busy")).isEqualTo(1);
    }

    @Test
    void pictureThatIsLateIsCancelledAtTheProvider() {
        provider.looks(Mono.empty());

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(WITHIN.minusMillis(1)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .verifyErrorMatches(is(ProviderFailure.TIMED_OUT));
        assertThat(provider.cancellations).containsExactly(PREDICTION);
        assertThat(generations("timed_out")).isEqualTo(1);
    }

    @Test
    void lookThatHangsIsCancelledAtTheProviderToo() {
        provider.looks(Mono.never());

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(WITHIN))
                .verifyErrorMatches(is(ProviderFailure.TIMED_OUT));
        assertThat(provider.cancellations).containsExactly(PREDICTION);
    }

    @Test
    void cancellingThatHangsHoldsUpTheFailureForTwoSeconds() {
        provider.looks(Mono.never());
        provider.cancelling = Mono.never();

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(WITHIN.plusMillis(1999)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .verifyErrorSatisfies(
                        error -> assertThat(error).hasMessage("The picture was not ready within 120 seconds."));
    }

    @Test
    void cancellingThatFailsDoesNotHideThatThePictureWasLate() {
        provider.looks(Mono.empty());
        provider.cancelling = failure(ProviderFailure.REFUSED);

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(WITHIN))
                .verifyErrorMatches(is(ProviderFailure.TIMED_OUT));
    }

    @Test
    void waiterThatLeavesDoesNotCancelThePrediction() {
        provider.looks(Mono.empty());

        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, WITHIN))
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(1)))
                .thenCancel()
                .verify();
        timer.advanceTimeBy(Duration.ofMinutes(5));

        assertThat(provider.cancellations).isEmpty();
        assertThat(provider.lookTimes).containsExactly(0L, 500L);
        assertThat(generations("cancelled")).isEqualTo(1);
    }

    @Test
    void createThatHangsEndsAtTheDeadline() {
        provider.creates(Mono.never());

        StepVerifier.create(model(Jitter.NONE).create(PROMPT, Duration.ofSeconds(5)))
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(5)))
                .verifyErrorMatches(is(ProviderFailure.TIMED_OUT));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1})
    void deadlineThatHasPassedAsksForNothingAndCancelsWhatIsThere(long seconds) {
        provider.creates(Mono.just(PREDICTION));
        provider.looks(Mono.just(MADE));
        Duration passed = Duration.ofSeconds(seconds);

        StepVerifier.create(model(Jitter.NONE).create(PROMPT, passed))
                .verifyErrorMatches(is(ProviderFailure.TIMED_OUT));
        StepVerifier.create(model(Jitter.NONE).await(PREDICTION, passed))
                .verifyErrorMatches(is(ProviderFailure.TIMED_OUT));
        assertThat(provider.createTimes).isEmpty();
        assertThat(provider.lookTimes).isEmpty();
        assertThat(provider.cancellations).containsExactly(PREDICTION);
    }

    @Test
    void pictureIsCountedOnceAndBothStepsAreTimed() {
        provider.creates(Mono.just(PREDICTION));
        provider.looks(Mono.just(MADE));

        StepVerifier.create(model(Jitter.NONE)
                        .create(PROMPT, WITHIN)
                        .flatMap(made -> model(Jitter.NONE).await(made, WITHIN)))
                .expectNext(MADE)
                .verifyComplete();

        assertThat(meters.get("sluice.images.generations").counters()).hasSize(1);
        assertThat(generations("ok")).isEqualTo(1);
        for (String step : List.of("create", "await")) {
            assertThat(meters.get("sluice.images.generation")
                            .tags("provider", "script", "step", step)
                            .timer()
                            .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void withoutATokenNothingIsTried() {
        ImageModel none = ImageModels.unconfigured("No token.");

        StepVerifier.create(none.create(PROMPT, WITHIN)).verifyErrorMatches(is(ProviderFailure.NOT_CONFIGURED));
        StepVerifier.create(none.await(PREDICTION, WITHIN)).verifyErrorMatches(is(ProviderFailure.NOT_CONFIGURED));
        StepVerifier.create(none.cancel(PREDICTION)).verifyErrorMatches(is(ProviderFailure.NOT_CONFIGURED));
    }

    @Test
    void whatIsAskedForValidatesItself() {
        assertThat(ImagePrompt.AspectRatio.known())
                .startsWith("1:1", "16:9", "9:16")
                .allSatisfy(
                        ratio -> assertThat(ImagePrompt.AspectRatio.of(ratio)).hasToString(ratio));
        assertThatThrownBy(() -> ImagePrompt.AspectRatio.of("7:5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("7:5 (expected: 1:1, 16:9, ");
        assertThatThrownBy(() -> new ImagePrompt(" \n", ImagePrompt.AspectRatio.SQUARE))
                .hasMessageContaining("expected");
        assertThatThrownBy(() -> new Prediction("../secrets", PROMPT)).isInstanceOf(IllegalArgumentException.class);
    }

    private ImageModel model(Jitter jitter) {
        PollPolicy defaults = PollPolicy.DEFAULTS;
        RetryPolicy retry = new RetryPolicy(
                defaults.retry().retries(),
                new Backoff(defaults.retry().backoff().first(), jitter));
        PollPolicy policy = new PollPolicy(defaults.firstPause(), defaults.longestPause(), retry);
        return ImageModels.guarded(provider, policy, meters, timer);
    }

    private double generations(String outcome) {
        return meters.get("sluice.images.generations")
                .tags("provider", "script", "outcome", outcome)
                .counter()
                .count();
    }

    private static <T> Mono<T> failure(ProviderFailure failure) {
        return Mono.error(() -> new ProviderException(failure, "no"));
    }

    private static <T> Mono<T> busy(Duration retryAfter) {
        return Mono.error(() -> new ProviderException(ProviderFailure.BUSY, "later", retryAfter, null));
    }

    private static Predicate<Throwable> is(ProviderFailure failure) {
        return error -> error instanceof ProviderException known && known.failure() == failure;
    }

    /** Answers in the given order, the last one ever after, and notes when. */
    private final class Script implements ImageProvider {
        final List<Long> createTimes = new ArrayList<>();
        final List<Long> lookTimes = new ArrayList<>();
        final List<Prediction> cancellations = new ArrayList<>();
        Mono<Void> cancelling = Mono.empty();
        private @Nullable Mono<Prediction> create;
        private @Nullable Mono<GeneratedImage> look;

        @SafeVarargs
        final void creates(Mono<Prediction>... answers) {
            create = inOrder(createTimes, at -> answers[Math.min(at, answers.length - 1)]);
        }

        @SafeVarargs
        final void looks(Mono<GeneratedImage>... answers) {
            look = inOrder(lookTimes, at -> answers[Math.min(at, answers.length - 1)]);
        }

        private <T> Mono<T> inOrder(List<Long> times, IntFunction<Mono<T>> answers) {
            AtomicInteger next = new AtomicInteger();
            return Mono.defer(() -> {
                times.add(timer.now(TimeUnit.MILLISECONDS));
                return answers.apply(next.getAndIncrement());
            });
        }

        @Override
        public String name() {
            return "script";
        }

        @Override
        public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
            return Objects.requireNonNull(create);
        }

        @Override
        public Mono<GeneratedImage> poll(Prediction prediction) {
            return Objects.requireNonNull(look);
        }

        @Override
        public Mono<Void> cancel(Prediction prediction) {
            return Mono.defer(() -> {
                cancellations.add(prediction);
                return cancelling;
            });
        }
    }
}
