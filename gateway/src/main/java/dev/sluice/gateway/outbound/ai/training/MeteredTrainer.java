package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * What can be seen of trainings: {@code sluice.training.call}, time by {@code provider}, {@code step} (upload, queue,
 * look, cancel) and {@code outcome}: ok, cancelled, the code of a {@link ProviderFailure}, or unexpected.
 */
final class MeteredTrainer implements LoraTrainer {
    private static final Logger LOG = LoggerFactory.getLogger(MeteredTrainer.class);

    private final LoraTrainer next;
    private final MeterRegistry meters;

    MeteredTrainer(LoraTrainer next, MeterRegistry meters) {
        this.next = next;
        this.meters = meters;
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
        return seen("upload", next.upload(archive, within));
    }

    @Override
    public Mono<String> queue(TrainingJob order, Duration within) {
        return seen("queue", next.queue(order, within));
    }

    @Override
    public Mono<TrainingState> look(String id) {
        return seen("look", next.look(id));
    }

    @Override
    public Mono<Void> cancel(String id) {
        return seen("cancel", next.cancel(id));
    }

    private <T> Mono<T> seen(String step, Mono<T> call) {
        return Mono.defer(() -> {
            Timer.Sample sample = Timer.start(meters);
            AtomicReference<String> outcome = new AtomicReference<>("cancelled");
            return call.doOnSuccess(done -> outcome.set("ok"))
                    .doOnError(failure -> outcome.set(code(step, failure)))
                    .doFinally(end -> sample.stop(time(step, outcome.get())));
        });
    }

    private String code(String step, Throwable failure) {
        if (!(failure instanceof ProviderException known)) {
            return "unexpected";
        }
        String reason = known.reason();
        LOG.atDebug()
                .addKeyValue("provider", provider())
                .addKeyValue("step", step)
                .addKeyValue("failure.code", known.failure().code())
                .log("no training: {} {}", known.getMessage(), reason == null ? "" : reason);
        return known.failure().code();
    }

    private Timer time(String step, String outcome) {
        return Timer.builder("sluice.training.call")
                .description("Calls of a training provider, repetition included")
                .tag("provider", provider())
                .tag("step", step)
                .tag("outcome", outcome)
                .register(meters);
    }
}
