package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.image.GenerationJobs;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Claims jobs from the database and runs some of them at a time in this process. Several gateways do so, and no two run
 * one job. Polls regularly, and at once when signalled.
 */
final class GenerationWorkers implements SmartLifecycle {
    /** Stopped before the event loops are: they have 0, and what they break off would count as the provider's fault. */
    private static final int PHASE = 1;

    private static final Logger LOG = LoggerFactory.getLogger(GenerationWorkers.class);

    private final String name = "gateway-" + UUID.randomUUID();
    private final GenerationJobs jobs;
    private final GenerationTask task;
    private final int most;
    private final Duration lease;
    private final Duration poll;
    private final AtomicInteger busy = new AtomicInteger();
    private final AtomicBoolean failing = new AtomicBoolean();
    private final Sinks.Many<Long> signals = Sinks.many().multicast().directBestEffort();
    private volatile Disposable.Composite running = stopped();

    /**
     * @param most jobs at a time
     * @param lease during which no other worker claims a job; renewed while it runs
     * @param poll how often to poll
     */
    GenerationWorkers(GenerationJobs jobs, GenerationTask task, int most, Duration lease, Duration poll) {
        this.jobs = jobs;
        this.task = task;
        this.most = most;
        this.lease = lease;
        this.poll = poll;
    }

    private static Disposable.Composite stopped() {
        Disposable.Composite nothing = Disposables.composite();
        nothing.dispose();
        return nothing;
    }

    /** Begins to poll. */
    @Override
    public void start() {
        running = Disposables.composite();
        running.add(Flux.interval(Duration.ZERO, poll)
                .mergeWith(signals.asFlux())
                .onBackpressureLatest()
                .concatMap(tick -> claim(), 0)
                .subscribe());
    }

    /** Claims at once, since there may be a job. */
    void signal() {
        signals.tryEmitNext(0L);
    }

    /** Jobs that run. */
    int busy() {
        return busy.get();
    }

    private Mono<Void> claim() {
        int free = most - busy.get();
        return free <= 0
                ? Mono.empty()
                : jobs.claim(name, free, lease)
                        .doOnNext(claimed -> {
                            failing.set(false);
                            claimed.forEach(this::begin);
                        })
                        .then()
                        .onErrorResume(failure -> {
                            if (failing.compareAndSet(false, true)) {
                                LOG.warn("no jobs can be claimed at present: {}", failure.toString());
                            }
                            return Mono.empty();
                        });
    }

    private void begin(GenerationJobs.Job job) {
        busy.incrementAndGet();
        Disposable.Swap one = Disposables.swap();
        running.add(one);
        one.update(task.run(job)
                .doFinally(end -> {
                    busy.decrementAndGet();
                    running.remove(one);
                    signal();
                })
                .subscribe());
    }

    /** Cancels everything; jobs that ran are claimed again when their leases end. */
    @Override
    public void stop() {
        running.dispose();
    }

    @Override
    public boolean isRunning() {
        return !running.isDisposed();
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
