package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ResponseReader;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * Reads what Gemini writes, and believes none of it: every text that is not the model's own goes through a
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
            @Nullable Usage usage,
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
        JsonNode root = reader.treeOrArray(response);
        if (root.has("error")) {
            throw withinAnAnswer(root.path("error"));
        }
        JsonNode candidate = root.path("candidates").path(0);
        String blockReason = name(root.path("promptFeedback").path("blockReason"));
        if (!candidate.isObject() && blockReason == null && !root.has("usageMetadata")) {
            throw reader.broken("The provider's answer holds no text.", null);
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
            error = reader.treeOrArray(body).path("error");
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

    private static @Nullable Usage usage(JsonNode usage) {
        if (!usage.isObject()) {
            return null;
        }
        long prompt = count(usage, "promptTokenCount");
        long output = count(usage, "candidatesTokenCount") + count(usage, "thoughtsTokenCount");
        return new Usage(prompt, output, Math.max(count(usage, "totalTokenCount"), prompt + output));
    }

    private static long count(JsonNode usage, String member) {
        return Math.clamp(usage.path(member).asLong(0), 0, Integer.MAX_VALUE);
    }

    private @Nullable String name(JsonNode node) {
        String name = reader.oneLine(node.asString(""), LONGEST_NAME);
        return name.isEmpty() ? null : name;
    }
}
