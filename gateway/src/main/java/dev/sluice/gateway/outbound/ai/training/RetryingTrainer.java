package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.RetryPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** Repeats calls whose failure passes; an order only when it surely did not arrive, since it is paid for. */
final class RetryingTrainer implements LoraTrainer {
    /** Each try of a look has a bound of its own; no second one begins after this. */
    private static final Duration LOOK = Duration.ofMinutes(1);

    private final LoraTrainer next;
    private final RetryPolicy retry;
    private final Scheduler timer;

    RetryingTrainer(LoraTrainer next, RetryPolicy retry, Scheduler timer) {
        this.next = next;
        this.retry = retry;
        this.timer = timer;
    }

    @Override
    public String provider() {
        return next.provider();
    }

    @Override
    public Mono<Void> ready() {
        return next.ready();
    }

    @Override
    public Mono<URI> upload(TrainingArchive archive, Duration within) {
        return Mono.defer(() -> next.upload(archive, within).retryWhen(until(end(within))));
    }

    @Override
    public Mono<String> queue(TrainingJob order, Duration within) {
        return Mono.defer(() -> {
            long end = end(within);
            return Mono.defer(() -> next.queue(order, Duration.ofNanos(end - timer.now(TimeUnit.NANOSECONDS))))
                    .retryWhen(until(end));
        });
    }

    @Override
    public Mono<TrainingState> look(String id) {
        return Mono.defer(() -> next.look(id).retryWhen(until(end(LOOK))));
    }

    @Override
    public Mono<Void> cancel(String id) {
        return Mono.defer(() -> next.cancel(id).retryWhen(until(end(LOOK))));
    }

    private Retry until(long end) {
        return retry.until(provider(), end, timer);
    }

    private long end(Duration within) {
        return timer.now(TimeUnit.NANOSECONDS) + within.toNanos();
    }
}
