package dev.sluice.gateway.outbound.ai.text;

import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;

/** For development without a key: answers with the prompt's own words, and says so. No provider is called. */
public final class EchoModel implements TextModel {
    private static final String HONEST_WORDS = "Echo, no model was asked: ";

    /** There is nothing to set. */
    public EchoModel() {}

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account) {
        Stream<TextPiece> words = Arrays.stream(prompt.lastText().split("(?<=\\s)", -1))
                .filter(word -> !word.isEmpty())
                .map(TextPiece.Delta::new);
        return Flux.<TextPiece>just(new TextPiece.Delta(HONEST_WORDS))
                .concatWith(Flux.fromStream(words))
                .concatWithValues(new TextPiece.End("echo", null, "STOP"));
    }
}
