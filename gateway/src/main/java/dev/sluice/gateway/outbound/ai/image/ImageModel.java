package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * Generates images in two steps, so that another process can resume the second:
 *
 * <pre>
 * create ──► Prediction (to be stored) ──► await ──► GeneratedImage
 *                                            │ in time: no ──► cancelled at the provider, TIMED_OUT
 *                                            └ its process dies ──► await again
 * </pre>
 *
 * Fails with {@link ProviderException} alone. Nothing happens before a subscription.
 */
public interface ImageModel {

    /** The provider's name in meters, logs and rows. */
    String provider();

    /**
     * Asks for a picture and answers as soon as the provider has taken the prompt. Repeated after failures that pass,
     * but not when the provider may have taken it already: it would be paid for twice.
     *
     * @param within for this and for the picture; where the provider can, it gives the picture up by itself after that,
     *     even if nobody lives to cancel it
     */
    Mono<Prediction> create(ImagePrompt prompt, Duration within);

    /**
     * Waits for the picture. May be called again, in any process, for as long as the provider keeps it. Cancelling this
     * does not cancel the prediction.
     *
     * @param within from the subscription; then the prediction is cancelled, which may take 2 s more. The first poll is
     *     immediate, so a short time is enough for one that should be ready
     */
    Mono<GeneratedImage> await(Prediction prediction, Duration within);

    /** Cancels the prediction at the provider, within 2 s. */
    Mono<Void> cancel(Prediction prediction);
}
