package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderException;
import java.time.Duration;
import reactor.core.publisher.Flux;

/** Answers a prompt with text. */
@FunctionalInterface
public interface TextModel {

    /**
     * Calls the model on subscription; a cancel ends the call and closes its connection. Fails with
     * {@link ProviderException} alone.
     *
     * @param within how long it may take: the whole answer, where the chain around a provider is asked, and the first
     *     byte of it where that single call is, for one that has begun is not asked for again
     * @param account is told of each request that really goes out to the provider, before its first byte
     */
    Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account);

    /** How an answer is delivered. */
    enum Delivery {
        /** In one piece, when it is complete. */
        WHOLE,
        /** In pieces, as the model writes them. */
        STREAMED
    }
}
