package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.ProviderException;
import java.net.URI;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * Trains an image model on pictures, in steps:
 *
 * <pre>
 * upload ──► URI of the archive ──► queue ──► id (to be kept) ──► look, as often as wanted
 *                                                          └────► cancel
 * </pre>
 *
 * Fails with {@link ProviderException}, and an upload with its body's own error. Nothing happens before a subscription.
 */
public interface LoraTrainer {

    /** The provider's name in meters and logs. */
    String provider();

    /** Fails with {@code NOT_CONFIGURED} when there is no key, else completes. Asks nobody. */
    Mono<Void> ready();

    /**
     * Brings an archive to where the provider reads it. Cancelling closes the connection and cancels the body.
     *
     * @param within no repetition begins later than that
     */
    Mono<URI> upload(TrainingArchive archive, Duration within);

    /**
     * Orders a training, which costs from then on, and answers the provider's id for it. {@code UNCERTAIN} when it may
     * have been accepted though nothing says so; nothing that may have been accepted is repeated.
     *
     * @param within for all of it
     */
    Mono<String> queue(TrainingJob order, Duration within);

    /** How far a training is. {@code id} is one that {@link #queue} answered. */
    Mono<TrainingState> look(String id);

    /** Tells the provider that nobody wants it any more. A training that has begun may go on. */
    Mono<Void> cancel(String id);
}
