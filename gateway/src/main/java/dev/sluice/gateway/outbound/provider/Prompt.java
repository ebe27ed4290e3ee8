package dev.sluice.gateway.outbound.provider;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a model is asked, in the shape of Gemini's {@code GenerateContentRequest}. Nobody changes the nodes any more.
 *
 * @param contents the conversation, oldest first, at least one
 * @param systemInstruction how to answer, or null
 * @param generationConfig further settings, or null
 * @see <a href="https://ai.google.dev/api/generate-content">Gemini API, generateContent</a>
 */
public record Prompt(
        ArrayNode contents,
        @Nullable ObjectNode systemInstruction,
        @Nullable ObjectNode generationConfig) {

    /** A conversation of one message. */
    public static ArrayNode conversation(String message) {
        ArrayNode contents = JsonNodeFactory.instance.arrayNode();
        ObjectNode turn = contents.addObject();
        turn.put("role", "user");
        turn.putArray("parts").addObject().put("text", message);
        return contents;
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
