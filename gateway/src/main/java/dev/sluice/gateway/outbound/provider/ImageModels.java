package dev.sluice.gateway.outbound.provider;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Puts a maker of pictures together. */
public final class ImageModels {

    private ImageModels() {}

    /** Everything around a provider's single tries, outermost first. */
    public static ImageModel guarded(
            ImageProvider provider, ImagePatience patience, MeterRegistry meters, Scheduler timer) {
        return guarded(provider, patience, Jitter.ofChance(), meters, timer);
    }

    static ImageModel guarded(
            ImageProvider provider, ImagePatience patience, Jitter jitter, MeterRegistry meters, Scheduler timer) {
        ImageModel chain = new PollingImageModel(provider, patience, jitter, timer); // many looks are one wait
        chain = new DeadlineImageModel(chain, timer); // nothing outlasts it, and the provider is told
        return new MeteredImageModel(chain, meters); // each picture is seen once
    }

    /** What stands in for a provider without a token. */
    public static ImageModel unconfigured(String detail) {
        return new ImageModel() {
            @Override
            public String provider() {
                return "none";
            }

            @Override
            public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
                return none();
            }

            @Override
            public Mono<MadeImage> await(Prediction prediction, Duration within) {
                return none();
            }

            @Override
            public Mono<Void> cancel(Prediction prediction) {
                return none();
            }

            private <T> Mono<T> none() {
                return Mono.error(() -> new ProviderException(ProviderFailure.NOT_CONFIGURED, detail));
            }
        };
    }
}
