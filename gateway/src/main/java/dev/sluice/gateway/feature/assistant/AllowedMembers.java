package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.JsonNodeType;
import tools.jackson.databind.node.ObjectNode;

/**
 * What of a caller's request goes out to the provider: the members that are known here, in their one spelling. All else
 * is refused by its name, for the provider reads {@code candidate_count} like {@code candidateCount}, and a member that
 * nobody here has heard of may cost anything.
 *
 * @see <a href="https://protobuf.dev/programming-guides/json/">ProtoJSON: both spellings are accepted</a>
 */
final class AllowedMembers {
    private static final Set<String> TURN = Set.of("role", "parts");

    /** No {@code fileData}: what it names is as large as it likes, and the gateway's key pays for it. */
    private static final Set<String> PART = Set.of("text", "inlineData", "thought", "thoughtSignature");

    /** Of a film, a recording or a document nobody can tell by its size how many tokens it is. */
    private static final Set<String> PICTURES =
            Set.of("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif");

    private static final Set<String> INLINE_DATA = Set.of("mimeType", "data", "displayName");

    /** One text is read of an answer, so nothing that makes it more than that. */
    private static final Set<String> CONFIG = Set.of(
            "candidateCount",
            "frequencyPenalty",
            "maxOutputTokens",
            "mediaResolution",
            "presencePenalty",
            "responseJsonSchema",
            "responseMimeType",
            "responseSchema",
            "seed",
            "stopSequences",
            "temperature",
            "thinkingConfig",
            "topK",
            "topP");

    private static final Set<String> THINKING = Set.of("includeThoughts", "thinkingBudget", "thinkingLevel");

    private AllowedMembers() {}

    /** An array of turns, each an object with parts; not empty. */
    static ArrayNode turns(String path, JsonNode given) {
        if (!given.isArray()) {
            throw malformed(path, kind(given), "an array of turns, each an object with parts");
        }
        if (given.isEmpty()) {
            throw malformed(path, "an empty array", "at least 1 turn");
        }
        ArrayNode turns = JsonNodeFactory.instance.arrayNode();
        for (int index = 0; index < given.size(); index++) {
            turns.add(turn(path + "[" + index + "]", given.path(index)));
        }
        return turns;
    }

    /** An object with parts. */
    static ObjectNode turn(String path, JsonNode given) {
        if (!given.isObject()) {
            throw malformed(path, kind(given), "an object with parts");
        }
        ObjectNode turn = only(TURN, path, given);
        JsonNode parts = given.path("parts");
        if (!parts.isArray() || parts.isEmpty()) {
            throw malformed(path + ".parts", kind(parts), "an array, not empty");
        }
        ArrayNode known = turn.putArray("parts");
        for (int index = 0; index < parts.size(); index++) {
            known.add(part(path + ".parts[" + index + "]", parts.path(index)));
        }
        return turn;
    }

    private static ObjectNode part(String path, JsonNode given) {
        ObjectNode part = only(PART, path, given);
        if (part.has("inlineData")) {
            part.set("inlineData", picture(path + ".inlineData", part.path("inlineData")));
        }
        return part;
    }

    private static ObjectNode picture(String path, JsonNode given) {
        ObjectNode picture = only(INLINE_DATA, path, given);
        JsonNode type = picture.path("mimeType");
        if (!PICTURES.contains(type.asString(""))) {
            throw malformed(
                    path + ".mimeType",
                    type.isString() ? type.stringValue() : kind(type),
                    "one of " + String.join(", ", new TreeSet<>(PICTURES)));
        }
        JsonNode data = picture.path("data");
        if (!data.isString() || data.stringValue().isEmpty()) {
            throw malformed(path + ".data", kind(data), "a picture in base64");
        }
        return picture;
    }

    /** How to answer; what multiplies the cost is checked by its value elsewhere. */
    static ObjectNode config(String path, JsonNode given) {
        ObjectNode config = only(CONFIG, path, given);
        if (config.has("thinkingConfig")) {
            config.set("thinkingConfig", only(THINKING, path + ".thinkingConfig", config.path("thinkingConfig")));
        }
        return config;
    }

    /** A copy without members that are null. */
    private static ObjectNode only(Set<String> known, String path, JsonNode given) {
        if (!given.isObject()) {
            throw malformed(path, kind(given), "an object");
        }
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        given.forEachEntry((name, value) -> {
            if (!known.contains(name)) {
                throw malformed(path + "." + name, kind(value), "one of " + String.join(", ", new TreeSet<>(known)));
            }
            if (!value.isNull()) {
                copy.set(name, value.deepCopy());
            }
        });
        return copy;
    }

    /** What a value is, in words: never the value itself, which may be long. */
    static String kind(JsonNode node) {
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

    static GatewayException malformed(String member, @Nullable Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
