package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.ai.text.GeminiJson.Chunk;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One answer as its chunks come in. An answer is whole only when a chunk has said why it ended; one that merely stops
 * is broken, so that nobody takes a part for the whole.
 */
final class GeminiAnswer {
    /** The answer is whole, or as long as its asker allowed. */
    private static final Set<String> ORDERLY = Set.of("STOP", "MAX_TOKENS");

    /** The provider stopped because one call has brought enough, and goes on in another. */
    private static final String CONTINUATION = "CONTINUATION";

    /** The provider will not have the prompt, or what it wrote itself. */
    private static final Set<String> WITHHELD = Set.of(
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
            "ESCALATION",
            "MODEL_ARMOR");

    /** It will have nothing of whoever the key belongs to. */
    private static final String DISABLED = "PUP_LIMITED_DISABLED";

    private final GeminiJson json;
    private String model;
    private @Nullable Usage usage;
    private @Nullable String finishReason;
    private @Nullable String continuation;
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
        continuation = chunk.continuation() == null ? continuation : chunk.continuation();
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
     * @throws ProviderException when it is none, or the end of a part: a reason that nobody knows is one of these
     */
    TextPiece end() {
        if (finishReason == null) {
            throw json.reader().broken("The provider's answer broke off.", null);
        }
        if (ORDERLY.contains(finishReason)) {
            return new TextPiece.End(model, usage, finishReason);
        }
        if (finishReason.equals(CONTINUATION) && continuation != null) {
            return new TextPiece.End(model, usage, finishReason, continuation);
        }
        throw early(finishReason);
    }

    private ProviderException early(String reason) {
        if (anyText || reason.equals(CONTINUATION)) {
            return new ProviderException(
                    ProviderFailure.INCOMPLETE, "The provider ended its answer before it was whole: " + reason);
        }
        if (WITHHELD.contains(reason)) {
            return new ProviderException(ProviderFailure.BLOCKED, "The provider withholds its answer: " + reason);
        }
        return reason.equals(DISABLED)
                ? new ProviderException(
                        ProviderFailure.REFUSED, "The provider does not serve this gateway's account: " + reason)
                : new ProviderException(ProviderFailure.FAILED, "The provider gave no answer: " + reason);
    }
}
