package dev.sluice.gateway.outbound.provider;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Repeats calls whose failure passes; an order only when it surely did not arrive, since it is paid for. */
final class RetryingTrainer implements LoraTrainer {
    /** Each try of a look has a bound of its own; no second one begins after this. */
    private static final Duration LOOK = Duration.ofMinutes(1);

    private final LoraTrainer next;
    private final TransientRetry retry;
    private final Scheduler timer;

    RetryingTrainer(LoraTrainer next, TransientRetry retry, Scheduler timer) {
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
        return Mono.defer(() -> next.upload(archive, within).retryWhen(retry.until(end(within))));
    }

    @Override
    public Mono<String> queue(TrainingOrder order, Duration within) {
        return Mono.defer(() -> {
            long end = end(within);
            return Mono.defer(() -> next.queue(order, Duration.ofNanos(end - timer.now(TimeUnit.NANOSECONDS))))
                    .retryWhen(retry.until(end));
        });
    }

    @Override
    public Mono<TrainingState> look(String id) {
        return Mono.defer(() -> next.look(id).retryWhen(retry.until(end(LOOK))));
    }

    @Override
    public Mono<Void> cancel(String id) {
        return Mono.defer(() -> next.cancel(id).retryWhen(retry.until(end(LOOK))));
    }

    private long end(Duration within) {
        return timer.now(TimeUnit.NANOSECONDS) + within.toNanos();
    }
}
