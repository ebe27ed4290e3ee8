package dev.sluice.gateway.outbound.provider;

import dev.sluice.gateway.outbound.provider.GeminiJson.Chunk;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One answer as its chunks come in. An answer is whole only when a chunk has said why it ended; one that merely stops
 * is broken, so that nobody takes a part for the whole.
 */
final class GeminiAnswer {
    /** Ends after which a missing text is no refusal. */
    private static final Set<String> ORDERLY = Set.of("STOP", "MAX_TOKENS");

    private final GeminiJson json;
    private String model;
    private @Nullable Usage usage;
    private @Nullable String finishReason;
    private boolean anyText;

    /** @param model who is asked, until the answer says who wrote it */
    GeminiAnswer(GeminiJson json, String model) {
        this.json = json;
        this.model = model;
    }

    /**
     * The text of the next chunk.
     *
     * @throws ProviderException when it says that there will be none
     */
    List<TextPiece> next(Chunk chunk) {
        model = chunk.model() == null ? model : chunk.model();
        usage = chunk.usage() == null ? usage : chunk.usage();
        finishReason = chunk.finishReason() == null ? finishReason : chunk.finishReason();
        if (chunk.blockReason() != null) {
            throw new ProviderException(
                    ProviderFailure.BLOCKED, "The provider rejects the prompt: " + chunk.blockReason());
        }
        if (chunk.text().isEmpty()) {
            return List.of();
        }
        anyText = true;
        return List.of(new TextPiece.Delta(chunk.text()));
    }

    /**
     * The end.
     *
     * @throws ProviderException when it is none
     */
    TextPiece end() {
        if (finishReason == null) {
            throw json.reader().broken("The provider's answer broke off.", null);
        }
        if (!anyText && !ORDERLY.contains(finishReason)) {
            throw new ProviderException(ProviderFailure.BLOCKED, "The provider withholds its answer: " + finishReason);
        }
        return new TextPiece.End(model, usage, finishReason);
    }
}
