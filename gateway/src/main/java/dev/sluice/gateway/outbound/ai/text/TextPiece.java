package dev.sluice.gateway.outbound.ai.text;

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
     * The answer ends.
     *
     * @param model who wrote it
     * @param usage what it cost, or null when the provider does not say
     * @param finishReason why it ended, in the provider's words: {@code STOP} when it is whole, {@code MAX_TOKENS} when
     *     the asker's own bound cut it
     * @param continuation what the provider goes on with when it is asked on, or null; never of an answer that reaches
     *     a caller
     */
    record End(
            String model,
            @Nullable TokenUsage usage,
            String finishReason,
            @Nullable String continuation) implements TextPiece {

        /** Nothing follows. */
        public End(String model, @Nullable TokenUsage usage, String finishReason) {
            this(model, usage, finishReason, null);
        }
    }
}
