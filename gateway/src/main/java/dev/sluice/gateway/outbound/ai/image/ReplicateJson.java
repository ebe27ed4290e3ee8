package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ResponseReader;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads what Replicate writes. A prediction goes through these states:
 *
 * <pre>
 * starting ──► processing ──► succeeded: "output" is a URL, or an array or object of them
 *     │             └───────► failed: "error" says why
 *     └ aborted     └───────► canceled
 * </pre>
 *
 * @see <a href="https://replicate.com/docs/reference/http">Replicate's HTTP API</a>
 */
final class ReplicateJson {
    private static final Pattern WEB_URL = Pattern.compile("https?://[^\\s\\p{Cntrl}]{1,2040}");
    private static final Pattern INLINE = Pattern.compile("data:(image/[a-z0-9.+-]{1,40});base64,");
    /** What models write when their own filters will not have a prompt or its picture. */
    private static final List<String> FILTERS = List.of("nsfw", "(e005)", "flagged as sensitive");

    private static final int DEEPEST_OUTPUT = 3;

    private final JsonMapper json;
    private final ResponseReader reader;
    private final ReplicateSettings settings;

    ReplicateJson(JsonMapper json, ReplicateSettings settings) {
        this.json = json;
        this.settings = settings;
        this.reader = new ResponseReader("The provider", json, List.of(settings.apiToken()), ReplicateJson::errorText);
    }

    /** Reads what is no prediction. */
    ResponseReader reader() {
        return reader;
    }

    byte[] write(ImagePrompt prompt) {
        ObjectNode body = json.createObjectNode();
        if (!settings.version().isEmpty()) {
            body.put("version", settings.version());
        }
        ObjectNode input = body.putObject("input");
        input.put("prompt", prompt.text());
        input.put("aspect_ratio", prompt.aspectRatio().toString());
        if (!settings.outputFormat().isEmpty()) {
            input.put("output_format", settings.outputFormat());
        }
        return json.writeValueAsBytes(body);
    }

    /**
     * The prediction that was created.
     *
     * @throws ProviderException when there is none
     */
    Prediction created(JsonNode answer, ImagePrompt prompt) {
        try {
            return new Prediction(answer.path("id").asString(""), prompt);
        } catch (IllegalArgumentException noId) {
            throw reader.brokenResponse("The provider's answer names no prediction.", noId);
        }
    }

    /**
     * The picture, or null while it is in the making.
     *
     * @throws ProviderException when there will be none
     */
    @Nullable GeneratedImage made(JsonNode answer, Prediction prediction) {
        if (!prediction.id().equals(answer.path("id").asString(""))) {
            throw reader.brokenResponse("The provider answers for another prediction.", null);
        }
        return switch (answer.path("status").asString("")) {
            case "starting", "processing" -> null;
            case "succeeded" -> picture(answer);
            case "failed" -> throw failed(answer.path("error"));
            case "canceled", "aborted" -> throw cancelled(answer.path("error"));
            default -> throw reader.brokenResponse("The provider's prediction is in a state that nobody knows.", null);
        };
    }

    private GeneratedImage picture(JsonNode answer) {
        String output = firstText(answer.path("output"), DEEPEST_OUTPUT);
        if (output != null && WEB_URL.matcher(output).matches()) {
            return new GeneratedImage.Remote(output, settings.urlPolicy());
        }
        Matcher inline = INLINE.matcher(output == null ? "" : output);
        if (inline.lookingAt()) {
            return inline(inline.group(1), String.valueOf(output).substring(inline.end()));
        }
        throw reader.brokenResponse(
                answer.path("data_removed").asBoolean(false)
                        ? "The provider does not have the picture any more."
                        : "The provider's prediction succeeded without a picture.",
                null);
    }

    private GeneratedImage inline(String mediaType, String base64) {
        try {
            return new GeneratedImage.Inline(mediaType, Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException garbage) {
            throw reader.brokenResponse("The provider's picture cannot be read.", garbage);
        }
    }

    /** One picture is asked for, so the first text is it; which member of an object holds it, each model decides. */
    private static @Nullable String firstText(JsonNode output, int depth) {
        if (output.isString()) {
            return output.asString();
        }
        if (depth > 0) {
            for (JsonNode member : output) {
                String text = firstText(member, depth - 1);
                if (text != null) {
                    return text;
                }
            }
        }
        return null;
    }

    private ProviderException failed(JsonNode error) {
        String said = reason(error);
        String lower = said.toLowerCase(Locale.ROOT);
        if (FILTERS.stream().anyMatch(lower::contains)) {
            return new ProviderException(ProviderFailure.BLOCKED, "The provider rejects the prompt: " + said);
        }
        return new ProviderException(
                ProviderFailure.FAILED,
                said.isEmpty()
                        ? "The provider could not make the picture."
                        : "The provider could not make the picture: " + said);
    }

    private ProviderException cancelled(JsonNode error) {
        String said = reason(error);
        return new ProviderException(
                ProviderFailure.FAILED,
                said.isEmpty()
                        ? "The provider's prediction was cancelled."
                        : "The provider's prediction was cancelled: " + said);
    }

    /** Each model writes what it likes, mostly a text. */
    private String reason(JsonNode error) {
        String detail = errorText(error);
        String text = detail.isEmpty() ? firstText(error, DEEPEST_OUTPUT) : detail;
        return text == null ? "" : reader.line(text);
    }

    private static String errorText(JsonNode error) {
        return Stream.of("detail", "title", "message", "msg")
                .map(member -> error.path(member).asString(""))
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse("");
    }
}
