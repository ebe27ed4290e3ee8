package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.ai.text.GeminiJson.Chunk;
import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ResponseReader;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * Reads Gemini's responses and trusts none of them: every text that is not the model's own goes through a
 * {@link ResponseReader}. Errors may be the only element of an array.
 *
 * @see <a href="https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse">GenerateContentResponse</a>
 */
final class GeminiJson {
    private static final int LONGEST_NAME = 100;
    private static final int INTERNAL_ERROR = 500;

    /**
     * One {@code GenerateContentResponse}: a whole answer, or a part of a streamed one.
     *
     * @param text what the model wrote; may be empty
     * @param finishReason why it ended, or null when it goes on
     * @param blockReason why the prompt was refused, or null
     * @param model who writes, or null
     * @param usage what it cost so far, or null
     * @param continuation with which it goes on, or null
     */
    record Chunk(
            String text,
            @Nullable String finishReason,
            @Nullable String blockReason,
            @Nullable String model,
            @Nullable TokenUsage usage,
            @Nullable String continuation) {}

    private final JsonMapper json;
    private final ResponseReader reader;

    GeminiJson(JsonMapper json, ApiKey key) {
        this.json = json;
        this.reader = new ResponseReader(
                "The provider",
                json,
                List.of(key),
                error -> error.path("message").asString(""));
    }

    /** Reads what is not the model's own. */
    ResponseReader reader() {
        return reader;
    }

    byte[] write(Prompt prompt) {
        return json.writeValueAsBytes(prompt.body());
    }

    /**
     * Reads one response.
     *
     * @throws ProviderException {@code BROKEN_ANSWER} when it is none, or whatever error it is instead
     */
    Chunk chunk(byte[] response) {
        JsonNode root = reader.jsonObjectOrArray(response);
        if (root.has("error")) {
            throw withinAnAnswer(root.path("error"));
        }
        JsonNode candidate = root.path("candidates").path(0);
        String blockReason = name(root.path("promptFeedback").path("blockReason"));
        if (!candidate.isObject() && blockReason == null && !root.has("usageMetadata")) {
            throw reader.brokenResponse("The provider's answer holds no text.", null);
        }
        return new Chunk(
                text(candidate),
                name(candidate.path("finishReason")),
                candidate.isObject() ? null : blockReason,
                name(root.path("modelVersion")),
                usage(root.path("usageMetadata")),
                continuation(candidate.path("continuationToken")));
    }

    /** What an answer with another status than 200 means; {@code body} may be anything. */
    ProviderException refusal(int status, HttpHeaders headers, byte[] body) {
        JsonNode error;
        try {
            error = reader.jsonObjectOrArray(body).path("error");
        } catch (ProviderException illegible) {
            error = MissingNode.getInstance();
        }
        return reader.refusal(status, headers, error);
    }

    /** An error in place of the rest of an answer; whatever it is, the answer has begun and is not asked for again. */
    private ProviderException withinAnAnswer(JsonNode error) {
        ProviderException refusal = reader.refusal(error.path("code").asInt(INTERNAL_ERROR), new HttpHeaders(), error);
        return refusal.failure().isRetryable()
                ? new ProviderException(ProviderFailure.BROKEN_ANSWER, String.valueOf(refusal.getMessage()))
                : refusal;
    }

    /** It goes back as it came, to the provider alone. */
    private static @Nullable String continuation(JsonNode token) {
        String text = token.asString("");
        return text.isEmpty() ? null : text;
    }

    private static String text(JsonNode candidate) {
        StringBuilder text = new StringBuilder();
        for (JsonNode part : candidate.path("content").path("parts")) {
            if (!part.path("thought").asBoolean(false)) {
                text.append(part.path("text").asString(""));
            }
        }
        return text.toString();
    }

    private static @Nullable TokenUsage usage(JsonNode usage) {
        if (!usage.isObject()) {
            return null;
        }
        long prompt = count(usage, "promptTokenCount");
        long output = count(usage, "candidatesTokenCount") + count(usage, "thoughtsTokenCount");
        return new TokenUsage(prompt, output, Math.max(count(usage, "totalTokenCount"), prompt + output));
    }

    private static long count(JsonNode usage, String member) {
        return Math.clamp(usage.path(member).asLong(0), 0, Integer.MAX_VALUE);
    }

    private @Nullable String name(JsonNode node) {
        String name = reader.oneLine(node.asString(""), LONGEST_NAME);
        return name.isEmpty() ? null : name;
    }

    /**
     * One answer as its chunks come in. An answer is whole only when a chunk has said why it ended; one that merely
     * stops is broken, so that nobody takes a part for the whole.
     */
    static final class Answer {
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
        private @Nullable TokenUsage usage;
        private @Nullable String finishReason;
        private @Nullable String continuation;
        private boolean anyText;

        /** @param model who is asked, until the answer says who wrote it */
        Answer(GeminiJson json, String model) {
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
                throw json.reader().brokenResponse("The provider's answer broke off.", null);
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
}
