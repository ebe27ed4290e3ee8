package dev.sluice.gateway.outbound.provider;

import dev.sluice.gateway.outbound.fetch.FetchRequest;
import java.net.URI;
import java.time.Duration;
import java.util.regex.Pattern;
import org.springframework.util.unit.DataSize;

/**
 * Where fal is and what a call may take.
 *
 * @param queueUrl of its queue, in front of the model, without a slash at the end
 * @param storageUrl of its storage, in front of {@code /storage}, without a slash at the end
 * @param apiKey sent as {@code Authorization: Key} to these two, nowhere else
 * @param model {@code owner/app}, or {@code owner/app/path}
 * @param uploads where its storage may want archives to be put
 * @param userAgent what this side calls itself
 * @param connectTimeout for a free place among the connections, then for the connection, then for TLS
 * @param tryTimeout from the start of one call to its whole answer
 * @param uploadTimeout the same for putting one archive
 * @param maxAnswer largest answer, in bytes
 * @param connections open at one time; four times as many calls may wait for one
 */
public record FalSettings(
        URI queueUrl,
        URI storageUrl,
        ApiKey apiKey,
        String model,
        FetchRequest.Reach uploads,
        String userAgent,
        Duration connectTimeout,
        Duration tryTimeout,
        Duration uploadTimeout,
        DataSize maxAnswer,
        int connections) {
    private static final Pattern MODEL = Pattern.compile(
            "([A-Za-z0-9][A-Za-z0-9._-]{0,99}/[A-Za-z0-9][A-Za-z0-9._-]{0,99})(/[A-Za-z0-9._-]{1,100})*");

    /** @throws IllegalArgumentException for a model that could not be named in a path */
    public FalSettings {
        if (!isModel(model)) {
            throw new IllegalArgumentException("model: " + model + " (expected: owner/app or owner/app/path)");
        }
    }

    /** Whether a model can be called so. */
    public static boolean isModel(String text) {
        return MODEL.matcher(text).matches() && !text.contains("/.");
    }

    /** Where a place for a file is asked for. */
    URI initiation() {
        return URI.create(storageUrl + "/storage/upload/initiate?storage_type=fal-cdn-v3");
    }

    /** Where a training is queued. */
    URI queueing() {
        return URI.create(queueUrl + "/" + model);
    }

    /** Where its result is: by owner and app alone, and never where an answer says that it is. */
    URI result(String id) {
        int path = model.indexOf('/', model.indexOf('/') + 1);
        return URI.create(queueUrl + "/" + (path < 0 ? model : model.substring(0, path)) + "/requests/" + id);
    }

    /** Where its state is. */
    URI status(String id) {
        return URI.create(result(id) + "/status");
    }

    /** Where it is cancelled. */
    URI cancellation(String id) {
        return URI.create(result(id) + "/cancel");
    }
}
