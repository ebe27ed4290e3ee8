package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.scheduler.VirtualTimeScheduler;

class ResponseIdleTimerTest {
    private static final Duration LONGEST = Duration.ofSeconds(20);

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final ResponseIdleTimer watch = new ResponseIdleTimer(LONGEST, time);
    private final TestPublisher<DataBuffer> source = TestPublisher.create();
    private int times;

    @AfterEach
    void dispose() {
        time.dispose();
    }

    private void seconds(int count) {
        time.advanceTimeBy(Duration.ofSeconds(count));
    }

    private static DataBuffer buffer() {
        return DefaultDataBufferFactory.sharedInstance.wrap(new byte[1]);
    }

    @Test
    void silenceIsNoticedOnceForEachTimeThatItLasts() {
        watch.over(source.flux(), () -> times++).subscribe();
        seconds(19);
        assertThat(times).isZero();
        seconds(2);
        assertThat(times).isOne();
        seconds(21);
        assertThat(times).isEqualTo(2);
    }

    @Test
    void everyBufferBreaksTheSilence() {
        watch.over(source.flux(), () -> times++).subscribe();
        for (int buffers = 0; buffers < 5; buffers++) {
            seconds(15);
            source.next(buffer());
        }
        assertThat(times).isZero();
        seconds(21);
        assertThat(times).isOne();
    }

    @Test
    void whatNobodyWaitsForIsNoSilence() {
        StepVerifier.create(watch.over(source.flux(), () -> times++), 1)
                .then(() -> source.next(buffer()))
                .expectNextCount(1)
                .then(() -> seconds(100))
                .then(() -> assertThat(times).isZero())
                .thenRequest(1)
                .then(() -> seconds(19))
                .then(() -> assertThat(times).isZero())
                .then(() -> seconds(2))
                .then(() -> assertThat(times).isOne())
                .thenCancel()
                .verify();
    }

    @Test
    void nobodyLooksAnyMoreWhenTheStreamHasEnded() {
        watch.over(source.flux(), () -> times++).subscribe();
        source.complete();
        seconds(100);
        assertThat(times).isZero();
        watch.over(TestPublisher.<DataBuffer>create().flux(), () -> times++)
                .subscribe()
                .dispose();
        seconds(100);
        assertThat(times).isZero();
    }

    @Test
    void resultHasSoLongAndNoLonger() {
        watch.before(Mono.never(), () -> times++).subscribe();
        seconds(19);
        assertThat(times).isZero();
        seconds(2);
        assertThat(times).isOne();
    }

    @Test
    void whatWasWaitedForBeforeCountsToo() {
        seconds(15);
        assertThat(watch.left()).hasSeconds(5);
        watch.before(Mono.never(), () -> times++).subscribe();
        seconds(4);
        assertThat(times).isZero();
        seconds(2);
        assertThat(times).isOne();
        assertThat(watch.left()).isZero();
    }

    @Test
    void streamThatBeginsLateIsLateAllTheSame() {
        seconds(15);
        watch.over(source.flux(), () -> times++).subscribe();
        seconds(4);
        assertThat(times).isZero();
        seconds(2);
        assertThat(times).isOne();
    }

    @Test
    void bufferBreaksTheSilenceThatBeganBeforeItsStream() {
        seconds(15);
        watch.over(source.flux(), () -> times++).subscribe();
        source.next(buffer());
        seconds(19);
        assertThat(times).isZero();
        seconds(2);
        assertThat(times).isOne();
    }

    @Test
    void resultThatIsThereIsNotWaitedFor() {
        assertThat(watch.before(Mono.just("result"), () -> times++).block()).isEqualTo("result");
        seconds(100);
        assertThat(times).isZero();
    }
}
