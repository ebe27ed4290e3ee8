package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.outbound.database.image.Uploads;
import dev.sluice.gateway.outbound.persistence.DelayedErrors;
import dev.sluice.gateway.outbound.persistence.ExpiredIntentSweep;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Removes, at start and regularly, what was put where clients may put it and whose time is over: the objects first,
 * then what names them.
 */
final class UploadSweep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UploadSweep.class);

    private final ExpiredIntentSweep expired;
    private final Uploads uploads;
    private final Duration period;
    private final MeterRegistry meters;
    private final Disposable.Swap running = Disposables.swap();

    UploadSweep(ExpiredIntentSweep expired, Uploads uploads, Duration period, MeterRegistry meters) {
        this.expired = expired;
        this.uploads = uploads;
        this.period = period;
        this.meters = meters;
    }

    void start() {
        running.update(Flux.interval(Duration.ZERO, period)
                .onBackpressureDrop()
                .concatMap(tick -> pass().onErrorResume(UploadSweep::givenUp), 0)
                .subscribe());
    }

    /** One pass; gives how many uploads were given up. Fails, at the end, if some objects could not be removed. */
    Mono<Long> pass() {
        return Mono.defer(() -> {
            DelayedErrors errors = new DelayedErrors();
            return expired.remove(errors)
                    .then(Mono.defer(uploads::forgetEnded))
                    .doOnNext(abandoned ->
                            meters.counter("sluice.uploads.abandoned").increment(abandoned))
                    .flatMap(errors::orResult);
        });
    }

    private static Mono<Long> givenUp(Throwable failure) {
        LOG.warn("uploads that were never completed could not be removed, later again: {}", failure.toString());
        return Mono.empty();
    }

    @Override
    public void close() {
        running.dispose();
    }
}
