package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Makes missing thumbnails: at start and regularly, in the background, one image at a time. Several gateways do so, and
 * no two work on one image. While store, database or decoder fail, it pauses, longer each time.
 */
final class ThumbnailWorker implements SmartLifecycle {
    /** Stopped before the event loops are: they have 0, and what they break off would look like an outage. */
    private static final int PHASE = 1;

    private static final Logger LOG = LoggerFactory.getLogger(ThumbnailWorker.class);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
    private static final Duration BETWEEN_COUNTS = Duration.ofSeconds(30);

    private final ThumbnailTask task;
    private final Thumbnails rows;
    private final Pictures pictures;
    private final ThumbnailMeters meters;
    private final ThumbnailProperties properties;
    private volatile Disposable.Composite running = stopped();

    ThumbnailWorker(
            ThumbnailTask task,
            Thumbnails rows,
            Pictures pictures,
            ThumbnailMeters meters,
            ThumbnailProperties properties) {
        this.task = task;
        this.rows = rows;
        this.pictures = pictures;
        this.meters = meters;
        this.properties = properties;
    }

    private static Disposable.Composite stopped() {
        Disposable.Composite nothing = Disposables.composite();
        nothing.dispose();
        return nothing;
    }

    @Override
    public void start() {
        running = Disposables.composite();
        running.add(Flux.interval(Duration.ZERO, properties.poll())
                .onBackpressureDrop()
                .concatMap(tick -> untilIdle(), 0)
                .subscribe());
        running.add(Flux.interval(Duration.ZERO, BETWEEN_COUNTS)
                .onBackpressureDrop()
                .concatMap(
                        tick -> rows.waiting(types()).doOnNext(meters::waiting).onErrorComplete(), 0)
                .subscribe());
    }

    /** One image after the other, until none is due. */
    private Mono<Void> untilIdle() {
        return Mono.defer(this::one)
                .retryWhen(Retry.backoff(Long.MAX_VALUE, firstPause())
                        .maxBackoff(LONGEST_PAUSE)
                        .doBeforeRetry(failed -> LOG.warn(
                                "thumbnails are not made at present, later again: {}",
                                failed.failure().toString())))
                .repeat()
                .takeWhile(wasDue -> wasDue)
                .then();
    }

    private Duration firstPause() {
        Duration pause = properties.retryPause();
        return pause.compareTo(FIRST_PAUSE) < 0 ? pause : FIRST_PAUSE;
    }

    /** Whether there was one. */
    private Mono<Boolean> one() {
        return rows.claim(types(), properties.lease())
                .flatMap(job -> task.run(job).thenReturn(true))
                .defaultIfEmpty(false);
    }

    private Set<String> types() {
        return pictures.acceptedTypes().stream().map(ImageType::mediaType).collect(Collectors.toSet());
    }

    /** Cancels everything; images in progress are claimed again when their leases end. */
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
