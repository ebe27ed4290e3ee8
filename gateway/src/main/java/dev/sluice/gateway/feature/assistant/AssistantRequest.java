package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.provider.Prompt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.JsonNodeType;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a caller asks: a message, or a conversation in the provider's own words.
 *
 * @param message one message; exactly one of this and {@code contents}
 * @param contents the provider's array of turns, handed on as it is
 * @param systemInstruction the provider's object, handed on as it is
 * @param generationConfig the provider's object, handed on but for what multiplies the cost
 */
record AssistantRequest(
        @Nullable String message,
        @Nullable JsonNode contents,
        @Nullable JsonNode systemInstruction,
        @Nullable JsonNode generationConfig) {

    private static final String TURNS = "an array of turns, each an object with parts";

    /** Checks everything that needs no configuration. A member that is null counts as absent. */
    AssistantRequest {
        contents = present(contents);
        systemInstruction = present(systemInstruction);
        generationConfig = present(generationConfig);
        if (message == null && contents == null) {
            throw malformed("message", null, "a text, or contents in its place");
        }
        if (message != null && contents != null) {
            throw malformed("contents", "given beside message", "one of message and contents");
        }
        if (message != null && message.isBlank()) {
            throw malformed("message", message.isEmpty() ? "an empty text" : "a blank text", "a text");
        }
        if (contents != null) {
            checkTurns(contents);
        }
        checkObject("systemInstruction", systemInstruction);
        checkObject("generationConfig", generationConfig);
        if (generationConfig != null) {
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
        JsonNode wanted = present(config.path("maxOutputTokens"));
        int tokens = wanted == null ? maxOutputTokens : Math.min(wanted.asInt(), maxOutputTokens);
        config.put("maxOutputTokens", tokens);
        if (present(config.path("candidateCount")) == null) {
            config.remove("candidateCount");
        }
        return new Prompt(conversation, instruction, config);
    }

    private static void checkTurns(JsonNode contents) {
        if (!contents.isArray()) {
            throw malformed("contents", kind(contents), TURNS);
        }
        if (contents.isEmpty()) {
            throw malformed("contents", "an empty array", "at least 1 turn");
        }
        for (int index = 0; index < contents.size(); index++) {
            JsonNode turn = contents.path(index);
            if (!turn.isObject()) {
                throw malformed("contents[" + index + "]", kind(turn), "an object with parts");
            }
            if (!turn.path("parts").isArray() || turn.path("parts").isEmpty()) {
                throw malformed("contents[" + index + "].parts", kind(turn.path("parts")), "an array, not empty");
            }
        }
    }

    private static void checkObject(String member, @Nullable JsonNode value) {
        if (value != null && !value.isObject()) {
            throw malformed(member, kind(value), "an object");
        }
    }

    /** One answer is read, so no more are paid for. */
    private static void checkCost(JsonNode config) {
        JsonNode candidates = config.path("candidateCount");
        if (present(candidates) != null && !(candidates.isInt() && candidates.asInt() == 1)) {
            throw malformed("generationConfig.candidateCount", shown(candidates), "1");
        }
        JsonNode tokens = config.path("maxOutputTokens");
        if (present(tokens) != null && !(tokens.isInt() && tokens.asInt() > 0)) {
            throw malformed("generationConfig.maxOutputTokens", shown(tokens), "a whole number of at least 1");
        }
    }

    private static @Nullable JsonNode present(@Nullable JsonNode node) {
        return node == null || node.isNull() || node.isMissingNode() ? null : node;
    }

    private static Object shown(JsonNode node) {
        return node.isNumber() ? node.toString() : kind(node);
    }

    private static String kind(JsonNode node) {
        JsonNodeType type = node.getNodeType();
        return switch (type) {
            case ARRAY -> node.isEmpty() ? "an empty array" : "an array";
            case OBJECT -> "an object";
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            case MISSING, NULL -> "nothing";
            case BINARY, POJO -> "a value of another type";
        };
    }

    private static GatewayException malformed(String member, @Nullable Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
