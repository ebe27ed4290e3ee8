package dev.sluice.gateway.outbound.ai.text;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A prompt in the shape of Gemini's {@code GenerateContentRequest}. Its nodes do not change any more.
 *
 * @param contents the conversation, oldest first, at least one
 * @param systemInstruction how to answer, or null
 * @param generationConfig further settings, or null
 * @param continuation with which the provider goes on where it stopped, or null for a new answer
 * @see <a href="https://ai.google.dev/api/generate-content">Gemini API, generateContent</a>
 */
public record Prompt(
        ArrayNode contents,
        @Nullable ObjectNode systemInstruction,
        @Nullable ObjectNode generationConfig,
        @Nullable String continuation) {
    private static final String MAX_OUTPUT_TOKENS = "maxOutputTokens";

    /** A new answer is asked for. */
    public Prompt(ArrayNode contents, @Nullable ObjectNode systemInstruction, @Nullable ObjectNode generationConfig) {
        this(contents, systemInstruction, generationConfig, null);
    }

    /** A conversation of one message. */
    public static ArrayNode conversation(String message) {
        ArrayNode contents = JsonNodeFactory.instance.arrayNode();
        ObjectNode turn = contents.addObject();
        turn.put("role", "user");
        turn.putArray("parts").addObject().put("text", message);
        return contents;
    }

    /** Most tokens that the answer may cost. */
    public long maxOutputTokens() {
        return generationConfig == null
                ? Long.MAX_VALUE
                : generationConfig.path(MAX_OUTPUT_TOKENS).asLong(Long.MAX_VALUE);
    }

    /** The same, asked on, for as many tokens as are left. */
    Prompt continued(String token, long tokens) {
        ObjectNode config = generationConfig == null ? null : generationConfig.deepCopy();
        if (config != null && config.has(MAX_OUTPUT_TOKENS)) {
            config.put(MAX_OUTPUT_TOKENS, tokens);
        }
        return new Prompt(contents, systemInstruction, config, token);
    }

    /** The request's body. */
    ObjectNode body() {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.set("contents", contents);
        if (systemInstruction != null) {
            body.set("systemInstruction", systemInstruction);
        }
        if (generationConfig != null) {
            body.set("generationConfig", generationConfig);
        }
        if (continuation != null) {
            body.put("continuationToken", continuation);
        }
        return body;
    }

    /** All text of the last turn. */
    String lastText() {
        StringBuilder text = new StringBuilder();
        for (JsonNode part : contents.path(contents.size() - 1).path("parts")) {
            text.append(part.path("text").asString(""));
        }
        return text.toString();
    }
}
