package dev.sluice.gateway.feature.assistant;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.sluice.gateway.outbound.ai.text.Prompt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a caller asks: a message, or a conversation in the provider's own words, of which {@link AllowedMembers} go out.
 *
 * @param message one message; exactly one of this and {@code contents}
 * @param contents the provider's array of turns
 * @param systemInstruction the provider's object
 * @param generationConfig the provider's object, in which nothing may multiply the cost
 * @param otherInstruction {@code systemInstruction} by the provider's other spelling: refused, since to leave it out
 *     would change the answer
 * @param otherConfig {@code generationConfig} likewise
 */
record AssistantRequest(
        @Nullable String message,
        @Nullable JsonNode contents,
        @Nullable JsonNode systemInstruction,
        @Nullable JsonNode generationConfig,
        @JsonProperty("system_instruction") @Nullable JsonNode otherInstruction,
        @JsonProperty("generation_config") @Nullable JsonNode otherConfig) {

    /** Checks everything that needs no configuration. A member that is null counts as absent. */
    AssistantRequest {
        refuse("system_instruction", otherInstruction, "systemInstruction");
        refuse("generation_config", otherConfig, "generationConfig");
        contents = present(contents);
        systemInstruction = present(systemInstruction);
        generationConfig = present(generationConfig);
        if (message == null && contents == null) {
            throw AllowedMembers.malformed("message", null, "a text, or contents in its place");
        }
        if (message != null && contents != null) {
            throw AllowedMembers.malformed("contents", "given beside message", "one of message and contents");
        }
        if (message != null && message.isBlank()) {
            throw AllowedMembers.malformed("message", message.isEmpty() ? "an empty text" : "a blank text", "a text");
        }
        if (contents != null) {
            contents = AllowedMembers.turns("contents", contents);
        }
        if (systemInstruction != null) {
            systemInstruction = AllowedMembers.turn("systemInstruction", systemInstruction);
        }
        if (generationConfig != null) {
            generationConfig = AllowedMembers.config("generationConfig", generationConfig);
            checkCost(generationConfig);
        }
    }

    /** What the model is asked; the answer may cost at most that many tokens. */
    Prompt prompt(int maxOutputTokens) {
        ArrayNode conversation =
                contents instanceof ArrayNode turns ? turns : Prompt.conversation(String.valueOf(message));
        ObjectNode instruction = systemInstruction instanceof ObjectNode given ? given : null;
        ObjectNode config =
                generationConfig instanceof ObjectNode given ? given.deepCopy() : JsonNodeFactory.instance.objectNode();
        config.put("maxOutputTokens", Math.min(config.path("maxOutputTokens").asInt(maxOutputTokens), maxOutputTokens));
        return new Prompt(conversation, instruction, config);
    }

    private static void refuse(String spelling, @Nullable JsonNode value, String expected) {
        JsonNode given = present(value);
        if (given != null) {
            throw AllowedMembers.malformed(spelling, AllowedMembers.kind(given), expected);
        }
    }

    /** One answer is read, so no more are paid for. */
    private static void checkCost(JsonNode config) {
        JsonNode candidates = config.path("candidateCount");
        if (!candidates.isMissingNode() && !(candidates.isInt() && candidates.asInt() == 1)) {
            throw AllowedMembers.malformed("generationConfig.candidateCount", shown(candidates), "1");
        }
        JsonNode tokens = config.path("maxOutputTokens");
        if (!tokens.isMissingNode() && !(tokens.isInt() && tokens.asInt() > 0)) {
            throw AllowedMembers.malformed(
                    "generationConfig.maxOutputTokens", shown(tokens), "a whole number of at least 1");
        }
    }

    private static @Nullable JsonNode present(@Nullable JsonNode node) {
        return node == null || node.isNull() || node.isMissingNode() ? null : node;
    }

    private static Object shown(JsonNode node) {
        return node.isNumber() ? node.toString() : AllowedMembers.kind(node);
    }
}
