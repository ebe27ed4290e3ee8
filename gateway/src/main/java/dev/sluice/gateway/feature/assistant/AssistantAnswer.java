package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.outbound.provider.TextPiece;
import dev.sluice.gateway.outbound.provider.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole answer.
 *
 * @param text what the model wrote
 * @param model who wrote it
 * @param usage what it cost, or null when the provider does not say
 * @param finishReason why it ended, in the provider's words; anything but {@code STOP} means that there would be more
 */
record AssistantAnswer(String text, String model, @Nullable Usage usage, String finishReason) {

    /** The answer that {@code pieces} make; the last of them is its end. */
    static AssistantAnswer of(List<TextPiece> pieces) {
        StringBuilder text = new StringBuilder();
        for (TextPiece piece : pieces) {
            switch (piece) {
                case TextPiece.Delta delta -> text.append(delta.text());
                case TextPiece.End end -> {
                    return new AssistantAnswer(text.toString(), end.model(), end.usage(), end.finishReason());
                }
            }
        }
        throw new IllegalStateException("an answer without an end");
    }
}
