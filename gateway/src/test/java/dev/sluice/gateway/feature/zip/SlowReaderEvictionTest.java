package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.ClientConnection;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Flux;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Who is cut off when others wait for room: to the second, in virtual time. */
class SlowReaderEvictionTest {
    private static final long FLOOR = 1000;
    private static final Duration WINDOW = Duration.ofSeconds(15);

    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final BufferBudget disk = new BufferBudget(100, 10, timer);
    private final SlowReaderEviction rule = new SlowReaderEviction(disk, DataSize.ofBytes(FLOOR), WINDOW, timer);
    private final List<Reader> readers = new ArrayList<>();

    @AfterEach
    void stop() {
        timer.dispose();
    }

    /** A client that takes so many bytes each second, and whose archive holds room until it is cut off. */
    private final class Reader implements ClientConnection {
        private final long pace;
        private boolean isBehind = true;
        private boolean usesDisk = true;
        private boolean isCut;
        private long taken;

        Reader(long pace) {
            this.pace = pace;
            readers.add(this);
            rule.over(Flux.<DataBuffer>never().takeUntilOther(Flux.never()), this, () -> usesDisk && !isCut)
                    .subscribe();
        }

        @Override
        public Taken taken() {
            return new Taken(taken, isBehind, timer.now(TimeUnit.NANOSECONDS));
        }

        @Override
        public void cutOff(String why) {
            assertThat(isCut).isFalse();
            isCut = true;
        }
    }

    private void seconds(int count) {
        for (int second = 0; second < count; second++) {
            readers.forEach(reader -> reader.taken += reader.pace);
            timer.advanceTimeBy(Duration.ofSeconds(1));
        }
    }

    /** Somebody who wants room for longer than any test lasts. */
    private void somebodyWaits() {
        disk.reserve(disk.capacity(), Duration.ZERO).subscribe();
        disk.reserve(1, Duration.ofDays(1)).subscribe(Reservation::release);
        assertThat(disk.queued()).isEqualTo(1);
    }

    @Test
    void slowestOfThoseThatHoldRoomIsCutOffFirstAndOneAtATime() {
        Reader slow = new Reader(FLOOR / 2);
        Reader slower = new Reader(FLOOR / 10);
        seconds(60);
        somebodyWaits();

        seconds(1);
        assertThat(slower.isCut).isTrue();
        assertThat(slow.isCut).isFalse();
        seconds(1);
        assertThat(slow.isCut).isTrue();
    }

    @Test
    void nobodyIsCutOffWhileNobodyWaits() {
        Reader slow = new Reader(1);

        seconds(3600);
        assertThat(slow.isCut).isFalse();
    }

    @Test
    void nobodyIsCutOffAnyMoreWhenTheRoomIsEnough() {
        Reader slow = new Reader(FLOOR / 2);
        Reader slower = new Reader(1);
        Reservation held = disk.reserve(disk.capacity(), Duration.ZERO).block();
        assertThat(held).isNotNull();
        seconds(20);
        disk.reserve(1, Duration.ofDays(1)).subscribe();
        seconds(1);
        assertThat(slower.isCut).isTrue();

        held.release();
        seconds(60);
        assertThat(slow.isCut).isFalse();
    }

    @Test
    void readerThatKeepsThePaceIsLeftAlone() {
        Reader steady = new Reader(FLOOR);
        somebodyWaits();

        seconds(3600);
        assertThat(steady.isCut).isFalse();
    }

    @Test
    void readerThatHoldsNoRoomIsLeftAlone() {
        Reader slow = new Reader(FLOOR / 2);
        Reader slowest = new Reader(1);
        slowest.usesDisk = false;
        somebodyWaits();

        seconds(60);
        assertThat(slowest.isCut).isFalse();
        assertThat(slow.isCut).isTrue();
    }

    @Test
    void readerWhoWaitsForItsArchiveIsLeftAlone() {
        Reader waiting = new Reader(0);
        waiting.isBehind = false;
        somebodyWaits();

        seconds(3600);
        assertThat(waiting.isCut).isFalse();
    }

    @Test
    void readerIsJudgedOnceAWholeWindowIsOver() {
        somebodyWaits();
        Reader newcomer = new Reader(0);

        seconds(14);
        assertThat(newcomer.isCut).isFalse();
        seconds(1);
        assertThat(newcomer.isCut).isTrue();
    }
}
