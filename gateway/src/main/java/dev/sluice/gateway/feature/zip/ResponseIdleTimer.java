package dev.sluice.gateway.feature.zip;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * Calls back, on the timer, when a client has waited for bytes so long that proxies on the way are about to time out.
 * It has waited since this was made: whatever else takes time before the first byte counts too.
 */
final class ResponseIdleTimer {
    private static final int LOOKS = 20;

    private final Duration longest;
    private final Scheduler timer;
    private final AtomicLong wanted = new AtomicLong(); // buffers asked for and not yet there
    private volatile long since;
    private volatile boolean hasBegun; // a buffer has come

    ResponseIdleTimer(Duration longest, Scheduler timer) {
        this.longest = longest;
        this.timer = timer;
        this.since = timer.now(TimeUnit.NANOSECONDS);
    }

    /** How long the client may still wait, if nothing comes; never negative. */
    Duration left() {
        Duration waited = Duration.ofNanos(timer.now(TimeUnit.NANOSECONDS) - since);
        return waited.compareTo(longest) < 0 ? longest.minus(waited) : Duration.ZERO;
    }

    /** A stream, once, whose silence is the time in which a buffer is wanted and none comes. */
    Flux<DataBuffer> over(Flux<DataBuffer> stream, Runnable tooLong) {
        return Flux.using(
                () -> start(tooLong),
                looking -> stream.doOnRequest(this::want).doOnNext(buffer -> come()),
                Disposable::dispose);
    }

    /** A result before which there is nothing else to be heard. */
    <T> Mono<T> before(Mono<T> result, Runnable tooLong) {
        return Mono.using(
                () -> timer.schedule(tooLong, left().toNanos(), TimeUnit.NANOSECONDS),
                waiting -> result,
                Disposable::dispose);
    }

    private Disposable start(Runnable tooLong) {
        long pause = Math.max(1, longest.toNanos() / LOOKS);
        return timer.schedulePeriodically(() -> look(tooLong), pause, pause, TimeUnit.NANOSECONDS);
    }

    private void want(long count) {
        if (wanted.getAndAccumulate(count, Operators::addCap) == 0 && hasBegun) {
            since = timer.now(TimeUnit.NANOSECONDS);
        }
    }

    private void come() {
        hasBegun = true;
        since = timer.now(TimeUnit.NANOSECONDS);
        wanted.decrementAndGet();
    }

    private void look(Runnable tooLong) {
        long now = timer.now(TimeUnit.NANOSECONDS);
        if (wanted.get() > 0 && now - since >= longest.toNanos()) {
            since = now;
            tooLong.run();
        }
    }
}
