package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ResponseReader;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads what fal writes. A request in its queue goes through these states:
 *
 * <pre>
 * IN_QUEUE ──► IN_PROGRESS ──► COMPLETED: its result has the files, or its status has an "error"
 * </pre>
 *
 * @see <a href="https://fal.ai/docs/documentation/model-apis/inference/queue">fal's queue</a>
 */
final class FalJson {
    private static final int LONGEST_TAG = 200;
    private static final String REQUEST_ID = "x-fal-request-id";
    private static final Set<Integer> GATEWAY_ERRORS = Set.of(502, 503, 504);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,100}");

    private final JsonMapper json;
    private final FalSettings settings;
    private final OriginUrls urls;
    private final UrlPolicy results;
    private final ResponseReader reader;

    /**
     * Where an archive is put, and where it is then.
     *
     * @param upload signed by fal, so it is put there without the key
     * @param file for the provider to read it
     */
    record UploadTarget(URI upload, URI file) {

        /** Where one of its parts is put; the signature stays the last. */
        URI part(int number) {
            return below(String.valueOf(number));
        }

        /** Where is said that all parts were put. */
        URI completion() {
            return below("complete");
        }

        private URI below(String name) {
            String query = upload.getRawQuery();
            return URI.create(upload.getScheme() + "://" + upload.getRawAuthority() + upload.getRawPath() + "/" + name
                    + (query == null ? "" : "?" + query));
        }
    }

    FalJson(JsonMapper json, FalSettings settings, OriginUrls urls) {
        this.json = json;
        this.settings = settings;
        this.urls = urls;
        this.results = new UrlPolicy(settings.uploads().schemes(), Set.of());
        this.reader = new ResponseReader("The provider", json, List.of(settings.apiKey()), FalJson::errorText);
    }

    ResponseReader reader() {
        return reader;
    }

    /** What its storage is to know of an archive's life: people's pictures do not stay for ever. */
    String lifecycle() {
        return json.createObjectNode()
                .put("expiration_duration_seconds", settings.archives().expiry().toSeconds())
                .toString();
    }

    byte[] initiation() {
        return json.writeValueAsBytes(
                json.createObjectNode().put("file_name", "images.zip").put("content_type", "application/zip"));
    }

    byte[] write(LoraTrainer.Job order) {
        return json.writeValueAsBytes(json.createObjectNode()
                .put("images_data_url", order.archive().toString())
                .put("trigger_word", order.triggerWord())
                .put("steps", order.steps()));
    }

    /**
     * A place for the archive.
     *
     * @throws ProviderException when there is none, or one where nothing may be sent
     */
    UploadTarget target(JsonNode answer) {
        return new UploadTarget(
                checked(answer.path("upload_url"), settings.uploads()),
                checked(answer.path("file_url"), settings.uploads()));
    }

    private URI checked(JsonNode member, UrlPolicy urlPolicy) {
        try {
            return URI.create(urls.canonical(member.asString(""), urlPolicy));
        } catch (FetchException notAllowed) {
            throw reader.brokenResponse("The provider's answer names a place that is not allowed.", notAllowed);
        }
    }

    /**
     * How a part is named when all of them were put.
     *
     * @throws ProviderException when the answer does not say
     */
    String tag(JsonNode answer) {
        String tag = answer.path("etag").asString("");
        if (tag.isEmpty() || tag.length() > LONGEST_TAG) {
            throw reader.brokenResponse("The provider's answer to a part of the archive is none.", null);
        }
        return tag;
    }

    /** @param tags of all parts, in order */
    byte[] completion(List<String> tags) {
        ObjectNode body = json.createObjectNode();
        ArrayNode parts = body.putArray("parts");
        for (int part = 0; part < tags.size(); part++) {
            parts.addObject().put("partNumber", part + 1).put("etag", tags.get(part));
        }
        return json.writeValueAsBytes(body);
    }

    /**
     * What an answer to an order means that is none. One of 500 and over says nothing of what lies behind; but an error
     * of a gateway in front, which has fal's id of no request and is not in fal's words, says that the order did not
     * come through. fal's own clients repeat it as well.
     */
    ProviderException orderRefused(int status, HttpHeaders headers, JsonNode error) {
        ProviderException refusal = reader.refusal(status, headers, error);
        boolean isGatewayError =
                GATEWAY_ERRORS.contains(status) && !headers.containsHeader(REQUEST_ID) && !error.isObject();
        return refusal.failure() == ProviderFailure.SERVER_ERROR && !isGatewayError ? uncertain(refusal) : refusal;
    }

    /** The same failure, after which nobody knows whether there is a training. */
    static ProviderException uncertain(ProviderException failure) {
        return new ProviderException(
                ProviderFailure.UNCERTAIN,
                failure.getMessage() + " Whether the training was queued is not known.",
                null,
                failure.reason());
    }

    /**
     * The id of the training that was queued.
     *
     * @throws ProviderException when there is none
     */
    String queued(JsonNode answer) {
        String id = answer.path("request_id").asString("");
        if (ID.matcher(id).matches()) {
            return id;
        }
        throw reader.brokenResponse("The provider's answer names no training. It may have been queued.", null);
    }

    /**
     * The state, or null when the training is done and its result is to be read.
     *
     * @throws ProviderException for a state that nobody knows
     */
    @Nullable TrainingState state(JsonNode answer) {
        return switch (answer.path("status").asString("")) {
            case "IN_QUEUE" -> new TrainingState.Queued(position(answer.path("queue_position")));
            case "IN_PROGRESS" -> new TrainingState.Running();
            case "COMPLETED" -> errorText(answer).isEmpty() ? null : failed(errorText(answer));
            case "FAILED", "ERROR" -> failed(errorText(answer));
            case "CANCELED", "CANCELLED" -> failed("It was cancelled.");
            default -> throw reader.brokenResponse("The provider's training is in a state that nobody knows.", null);
        };
    }

    private static @Nullable Integer position(JsonNode member) {
        int position = member.asInt(-1);
        return position < 0 ? null : position;
    }

    private TrainingState failed(String said) {
        String words = reader.line(said);
        return new TrainingState.Failed(
                words.isEmpty() ? "The provider could not train." : "The provider could not train: " + words);
    }

    /**
     * What was learnt.
     *
     * @throws ProviderException when the answer does not say where it is
     */
    TrainingState completed(JsonNode answer) {
        JsonNode config = answer.path("config_file").path("url");
        return new TrainingState.Completed(
                checked(answer.path("diffusers_lora_file").path("url"), results),
                config.isString() ? checked(config, results) : null);
    }

    /** {@code detail} is a text, or an array of what is wrong with the input. */
    private static String errorText(JsonNode error) {
        for (String member : List.of("detail", "error", "message")) {
            JsonNode node = error.path(member);
            String said = node.isArray() ? node.path(0).path("msg").asString("") : node.asString("");
            if (!said.isEmpty()) {
                return said;
            }
        }
        return "";
    }
}
