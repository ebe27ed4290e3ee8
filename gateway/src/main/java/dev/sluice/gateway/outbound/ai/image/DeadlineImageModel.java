package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Ends what is not done in time, here and, as far as it listens, at the provider. */
final class DeadlineImageModel implements ImageModel {
    private static final Logger LOG = LoggerFactory.getLogger(DeadlineImageModel.class);
    private static final Duration CANCEL = Duration.ofSeconds(2);

    private final ImageModel next;
    private final Scheduler timer;

    DeadlineImageModel(ImageModel next, Scheduler timer) {
        this.next = next;
        this.timer = timer;
    }

    @Override
    public String provider() {
        return next.provider();
    }

    @Override
    public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
        Mono<Prediction> late = Mono.error(() -> late("The provider did not take the prompt", within));
        return within.isPositive() ? next.create(prompt, within).timeout(within, late, timer) : late;
    }

    @Override
    public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
        Mono<GeneratedImage> late = Mono.defer(() -> cancel(prediction)
                .doOnError(deaf -> LOG.atDebug()
                        .addKeyValue("provider", provider())
                        .addKeyValue("prediction", prediction.id())
                        .log("a late prediction was not cancelled: {}", deaf.getMessage()))
                .onErrorComplete()
                .then(Mono.error(() -> late("The picture was not ready", within))));
        return within.isPositive() ? next.await(prediction, within).timeout(within, late, timer) : late;
    }

    @Override
    public Mono<Void> cancel(Prediction prediction) {
        return next.cancel(prediction)
                .timeout(CANCEL, Mono.error(() -> late("The prediction was not cancelled", CANCEL)), timer);
    }

    private static ProviderException late(String what, Duration within) {
        return new ProviderException(ProviderFailure.TIMED_OUT, what + " within " + DurationWords.of(within) + ".");
    }
}
