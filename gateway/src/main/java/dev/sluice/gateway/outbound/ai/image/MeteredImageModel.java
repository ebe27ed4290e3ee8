package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * What can be seen of pictures in the making.
 *
 * <ul>
 *   <li>{@code sluice.images.generations}: by {@code provider} and {@code outcome}: ok, cancelled (nobody waits here
 *       any more), or the code of a {@link ProviderFailure}. A picture counts when its wait has ended, or when its
 *       prompt was not taken.
 *   <li>{@code sluice.images.generation}: time by {@code provider} and {@code step}: create, await
 * </ul>
 */
final class MeteredImageModel implements ImageModel {
    private static final Logger LOG = LoggerFactory.getLogger(MeteredImageModel.class);
    private static final String OK = "ok";

    private final ImageModel next;
    private final MeterRegistry meters;

    MeteredImageModel(ImageModel next, MeterRegistry meters) {
        this.next = next;
        this.meters = meters;
    }

    @Override
    public String provider() {
        return next.provider();
    }

    @Override
    public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
        return seen("create", next.create(prompt, within), outcome -> !OK.equals(outcome));
    }

    @Override
    public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
        return seen("await", next.await(prediction, within), outcome -> true);
    }

    @Override
    public Mono<Void> cancel(Prediction prediction) {
        return next.cancel(prediction);
    }

    private <T> Mono<T> seen(String step, Mono<T> call, Predicate<String> isTheEnd) {
        return Mono.defer(() -> {
            Timer.Sample sample = Timer.start(meters);
            AtomicReference<String> outcome = new AtomicReference<>("cancelled");
            return call.doOnSuccess(done -> outcome.set(OK))
                    .doOnError(failure -> outcome.set(code(step, failure)))
                    .doFinally(end -> {
                        sample.stop(time(step));
                        if (isTheEnd.test(outcome.get())) {
                            generations(outcome.get()).increment();
                        }
                    });
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
                .log("no picture: {} {}", known.getMessage(), reason == null ? "" : reason);
        return known.failure().code();
    }

    private Timer time(String step) {
        return Timer.builder("sluice.images.generation")
                .description("Pictures in the making: until the prompt was taken, and until the picture was ready")
                .tag("provider", provider())
                .tag("step", step)
                .register(meters);
    }

    private Counter generations(String outcome) {
        return Counter.builder("sluice.images.generations")
                .description("Pictures that were asked for")
                .tag("provider", provider())
                .tag("outcome", outcome)
                .register(meters);
    }
}
