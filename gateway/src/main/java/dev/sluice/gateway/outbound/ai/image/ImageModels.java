package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.RetryPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Puts a maker of pictures together. */
public final class ImageModels {

    private ImageModels() {}

    /**
     * How often a provider is polled.
     *
     * @param firstPause between the first two polls; each further pause is half as long again
     * @param longestPause between two polls
     * @param retry of one call that fails
     */
    public record PollPolicy(Duration firstPause, Duration longestPause, RetryPolicy retry) {

        /** Polls after 500 ms, 750 ms and so on up to 3 s; retries after 1 s, 2 s and 4 s. */
        public static final PollPolicy DEFAULTS = new PollPolicy(
                Duration.ofMillis(500), Duration.ofSeconds(3), new RetryPolicy(Duration.ofSeconds(1), 3));
    }

    /** Everything around a provider's single calls, outermost last. */
    public static ImageModel guarded(ImageProvider provider, PollPolicy policy, MeterRegistry meters, Scheduler timer) {
        ImageModel chain = new PollingImageModel(provider, policy, timer); // many looks are one wait
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
            public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
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
