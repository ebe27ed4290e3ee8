package dev.sluice.gateway.outbound.provider;

import org.jspecify.annotations.Nullable;

/** A part of an answer: any number of {@link Delta}s, then one {@link End}. */
public sealed interface TextPiece {

    /**
     * Text that follows what came before.
     *
     * @param text never empty
     */
    record Delta(String text) implements TextPiece {}

    /**
     * The answer is complete.
     *
     * @param model who wrote it
     * @param usage what it cost, or null when the provider does not say
     * @param finishReason why it ended, in the provider's words, for example {@code STOP} or {@code MAX_TOKENS}
     */
    record End(String model, @Nullable Usage usage, String finishReason) implements TextPiece {}
}
