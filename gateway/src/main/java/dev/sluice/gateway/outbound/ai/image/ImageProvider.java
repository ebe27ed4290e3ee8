package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * A maker of pictures, each call one try; {@link ImageModels#guarded} puts patience around it. Nothing happens before a
 * subscription; cancelling ends the call and its connection. Fails with {@link ProviderException} alone.
 */
public interface ImageProvider {

    /** Its name in meters, logs and rows, lower case. */
    String name();

    /**
     * Asks for a picture and answers at once.
     *
     * @param within after which nobody waits for it any more, so that the provider may give it up by itself
     */
    Mono<Prediction> create(ImagePrompt prompt, Duration within);

    /** Looks whether it is ready; empty while it is not. */
    Mono<GeneratedImage> look(Prediction prediction);

    /** Tells the provider that nobody wants it any more. */
    Mono<Void> cancel(Prediction prediction);
}
