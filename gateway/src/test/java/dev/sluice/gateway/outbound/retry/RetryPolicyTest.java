package dev.sluice.gateway.outbound.retry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.retry.Backoff.Jitter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Pauses and retries, to the millisecond, in virtual time. */
class RetryPolicyTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Backoff BACKOFF = new Backoff(SECOND, Duration.ofSeconds(5), Jitter.NONE);

    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final List<Long> starts = new ArrayList<>();
    private final List<Duration> pauses = new ArrayList<>();

    @AfterEach
    void stop() {
        timer.dispose();
    }

    @Test
    void pausesDoubleUpToTheLongest() {
        assertThat(LongStream.of(0, 1, 2, 3, 1_000)
                        .mapToObj(
                                retried -> BACKOFF.pause(retried, Duration.ZERO).toSeconds()))
                .containsExactly(1L, 2L, 4L, 5L, 5L);
        assertThat(new Backoff(SECOND, Jitter.NONE).pause(12, Duration.ZERO)).isEqualTo(Duration.ofSeconds(4_096));
    }

    @Test
    void whatIsAskedForIsWaitedForInFullWhenThatIsLonger() {
        Duration hour = Duration.ofHours(1);

        assertThat(BACKOFF.pause(0, hour)).isEqualTo(hour);
        assertThat(BACKOFF.pause(1, SECOND)).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void jitterReachesFromItsLeastToItsMost() {
        assertThat(new Jitter(0.5, 1, () -> 0).of(SECOND)).isEqualTo(Duration.ofMillis(500));
        assertThat(new Jitter(0.5, 1, () -> 1).of(SECOND)).isEqualTo(SECOND);
        for (int draw = 0; draw < 1_000; draw++) {
            assertThat(Jitter.HALF.of(SECOND)).isBetween(Duration.ofMillis(500), SECOND);
            assertThat(Jitter.FIFTH.of(SECOND)).isBetween(Duration.ofMillis(800), Duration.ofMillis(1_200));
        }
    }

    @Test
    void lastFailureComesOutUnchangedWhenAllRetriesAreMade() {
        IllegalStateException failure = new IllegalStateException("no");

        StepVerifier.create(failing(failure, Duration.ofMinutes(1), Duration.ZERO))
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(2_999)))
                .expectNoEvent(Duration.ZERO)
                .then(() -> timer.advanceTimeBy(Duration.ofMillis(1)))
                .verifyErrorSatisfies(last -> assertThat(last).isSameAs(failure));
        assertThat(starts).containsExactly(0L, 1_000L, 3_000L);
        assertThat(pauses).containsExactly(SECOND, Duration.ofSeconds(2));
    }

    @Test
    void retryThatWouldBeginAtTheDeadlineIsNotWaitedFor() {
        StepVerifier.create(failing(new IllegalStateException("no"), Duration.ofSeconds(3), Duration.ZERO))
                .then(() -> timer.advanceTimeBy(SECOND))
                .verifyError(IllegalStateException.class);
        assertThat(starts).containsExactly(0L, 1_000L);
    }

    @Test
    void longerPauseThatIsAskedForCountsAgainstTheDeadline() {
        StepVerifier.create(failing(new IllegalStateException("no"), Duration.ofSeconds(20), Duration.ofSeconds(19)))
                .then(() -> timer.advanceTimeBy(Duration.ofSeconds(19)))
                .verifyError(IllegalStateException.class);
        assertThat(starts).containsExactly(0L, 19_000L);
    }

    @Test
    void failureThatStaysIsNotRetried() {
        StepVerifier.create(failing(new IllegalArgumentException("no"), Duration.ofMinutes(1), Duration.ZERO))
                .verifyError(IllegalArgumentException.class);
        assertThat(starts).containsExactly(0L);
        assertThat(pauses).isEmpty();
    }

    private Mono<Object> failing(RuntimeException failure, Duration within, Duration asked) {
        RetryPolicy.Failures known = new RetryPolicy.Failures(
                IllegalStateException.class::isInstance, error -> asked, (error, pause) -> pauses.add(pause));
        return Mono.defer(() -> {
                    starts.add(timer.now(TimeUnit.MILLISECONDS));
                    return Mono.error(failure);
                })
                .retryWhen(new RetryPolicy(2, BACKOFF).until(CallDeadline.in(within, timer), known));
    }
}
