package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.outbound.ai.text.TextPiece;
import dev.sluice.gateway.outbound.ai.text.TokenUsage;
import org.jspecify.annotations.Nullable;

/**
 * A whole answer.
 *
 * @param text what the model wrote
 * @param model who wrote it
 * @param usage what it cost, or null when the provider does not say
 * @param finishReason why it ended, in the provider's words; {@code STOP}, or {@code MAX_TOKENS} when the asker's bound
 *     cut it
 */
record AssistantAnswer(String text, String model, @Nullable TokenUsage usage, String finishReason) {

    /** The answer of {@code text}, whose last piece says how it ended. */
    static AssistantAnswer of(String text, TextPiece last) {
        return switch (last) {
            case TextPiece.End end -> new AssistantAnswer(text, end.model(), end.usage(), end.finishReason());
            case TextPiece.Delta _ -> throw new IllegalStateException("an answer without an end");
        };
    }
}
