package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * An image provider, each call one try; {@link ImageModels#guarded} adds polling, retries and deadlines. Nothing
 * happens before a subscription; cancelling ends the call and its connection. Fails with {@link ProviderException}
 * alone.
 */
public interface ImageProvider {

    /** Its name in meters, logs and rows, lower case. */
    String name();

    /**
     * Asks for a picture and answers at once.
     *
     * @param within after which nobody waits, so that the provider may cancel it by itself
     */
    Mono<Prediction> create(ImagePrompt prompt, Duration within);

    /** The image; empty while it is not ready. */
    Mono<GeneratedImage> poll(Prediction prediction);

    /** Cancels the prediction at the provider. */
    Mono<Void> cancel(Prediction prediction);
}
