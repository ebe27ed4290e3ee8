package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.outbound.ai.text.Prompt;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * How many tokens one call may cost at most, before anybody has counted them:
 *
 * <pre>
 *   a token for each byte of text in UTF-8, and for each name and number
 *   for each picture as many as its file has bytes, and at least 2240
 *   and maxOutputTokens, thoughts included
 * </pre>
 *
 * <p>No tokenizer that falls back to bytes makes more of a text; English is about a quarter of it. 2240 is what the
 * provider counts for one picture at its highest resolution; where it cuts large ones into tiles, 258 tokens each, the
 * size of the file stands for their number. The provider's own count replaces all of this.
 *
 * @see <a href="https://ai.google.dev/gemini-api/docs/tokens">Gemini API, understand and count tokens</a>
 */
final class TokenEstimate {
    private static final long LEAST_OF_A_PICTURE = 2_240;
    private static final int LONGEST_WORD = 16;

    private TokenEstimate() {}

    static long of(Prompt prompt) {
        return tokens(prompt.contents())
                + tokens(prompt.systemInstruction())
                + tokens(prompt.generationConfig())
                + prompt.maxOutputTokens();
    }

    private static long tokens(@Nullable JsonNode node) {
        if (node == null) {
            return 0;
        }
        long tokens = 0;
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> member : node.properties()) {
                tokens += member.getKey().equals("inlineData")
                        ? picture(member.getValue())
                        : name(member.getKey()) + tokens(member.getValue());
            }
            return tokens;
        }
        if (node.isArray()) {
            for (JsonNode element : node) {
                tokens += tokens(element);
            }
            return tokens;
        }
        return node.isString() ? bytes(node.stringValue()) : 1;
    }

    /** A provider's own names are words that its model knows well; a caller's, in a schema, may be of any length. */
    private static long name(String member) {
        return member.length() <= LONGEST_WORD ? 1 : bytes(member);
    }

    /** Base64 has four characters for three bytes. */
    private static long picture(JsonNode inlineData) {
        long bytes = inlineData.path("data").asString("").length() * 3L / 4;
        return Math.max(LEAST_OF_A_PICTURE, bytes);
    }

    /** In UTF-8; half a surrogate pair is half of its four. */
    private static long bytes(String text) {
        long bytes = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return bytes;
    }
}
