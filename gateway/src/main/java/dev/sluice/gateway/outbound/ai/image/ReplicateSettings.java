package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.http.ApiKey;
import java.net.URI;
import java.time.Duration;
import java.util.regex.Pattern;
import org.springframework.util.unit.DataSize;

/**
 * Where Replicate is, and the bounds of a call.
 *
 * @param baseUrl scheme, host, port and path in front of {@code /v1}, without a slash at the end
 * @param apiToken sent as {@code Authorization: Bearer}, nowhere else
 * @param model {@code owner/name}, or {@code owner/name:version} for one that is not Replicate's own
 * @param outputFormat {@code png} or {@code jpg}, or whatever else the model takes; empty leaves it to the model
 * @param urlPolicy where its pictures may be
 * @param userAgent sent as {@code User-Agent}
 * @param connectTimeout for a connection of the pool, then for TCP, then for the TLS handshake
 * @param tryTimeout from the start of one call to its whole answer
 * @param maxAnswer largest answer, in bytes of JSON
 * @param connections open at one time; four times as many calls may wait for one
 */
public record ReplicateSettings(
        URI baseUrl,
        ApiKey apiToken,
        String model,
        String outputFormat,
        UrlPolicy urlPolicy,
        String userAgent,
        Duration connectTimeout,
        Duration tryTimeout,
        DataSize maxAnswer,
        int connections) {
    private static final Pattern MODEL =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}/[A-Za-z0-9][A-Za-z0-9._-]{0,99}(:[A-Za-z0-9]{1,128})?");

    /** @throws IllegalArgumentException for a model that could not be named in a path */
    public ReplicateSettings {
        if (!MODEL.matcher(model).matches()) {
            throw new IllegalArgumentException("model: " + model + " (expected: owner/name or owner/name:version)");
        }
    }

    /** Where a prediction is created. */
    URI creation() {
        return version().isEmpty()
                ? URI.create(baseUrl + "/v1/models/" + model + "/predictions")
                : URI.create(baseUrl + "/v1/predictions");
    }

    /** Where a prediction is looked at; never where its answer says that it is. */
    URI prediction(Prediction prediction) {
        return URI.create(baseUrl + "/v1/predictions/" + prediction.id());
    }

    /** Where a prediction is cancelled. */
    URI cancellation(Prediction prediction) {
        return URI.create(prediction(prediction) + "/cancel");
    }

    /** The model's version, or an empty string when the current one is wanted. */
    String version() {
        int colon = model.indexOf(':');
        return colon < 0 ? "" : model.substring(colon + 1);
    }
}
