package dev.sluice.gateway.outbound.provider;

import reactor.core.publisher.Flux;

/** Answers a prompt with text. */
@FunctionalInterface
public interface TextModel {

    /**
     * Asks when subscribed to; cancelling ends the call and its connection. Fails with {@link ProviderException} alone.
     *
     * @param called runs each time a request really goes out to the provider, on any thread, before its first byte
     */
    Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Runnable called);
}
