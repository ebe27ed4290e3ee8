package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.http.ApiKey;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.util.unit.DataSize;

/**
 * Where fal is, and the bounds of a call.
 *
 * @param queueUrl of its queue, in front of the model, without a slash at the end
 * @param storageUrl of its storage, in front of {@code /storage}, without a slash at the end
 * @param apiKey sent as {@code Authorization: Key} to these two, nowhere else
 * @param model {@code owner/app}, or {@code owner/app/path}; below {@code workflows/} or {@code comfy/} one name more
 * @param uploads where its storage may want archives to be put
 * @param archives how they are put, and how long they stay
 * @param userAgent sent as {@code User-Agent}
 * @param connectTimeout for a connection of the pool, then for TCP, then for the TLS handshake
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
        UrlPolicy uploads,
        Archives archives,
        String userAgent,
        Duration connectTimeout,
        Duration tryTimeout,
        Duration uploadTimeout,
        DataSize maxAnswer,
        int connections) {
    /** In front of the owner, where what is asked for is no app. */
    private static final Set<String> NAMESPACES = Set.of("workflows", "comfy");

    private static final Pattern MODEL = Pattern.compile(
            "([A-Za-z0-9][A-Za-z0-9._-]{0,99}/[A-Za-z0-9][A-Za-z0-9._-]{0,99})(/[A-Za-z0-9._-]{1,100})*");

    /**
     * How archives are put, and how long they stay.
     *
     * @param expiry after which its storage deletes one; zero leaves it to the storage
     * @param largestPut largest archive that goes up in one piece
     * @param part size of the pieces of a larger one
     */
    public record Archives(Duration expiry, DataSize largestPut, DataSize part) {}

    /** @throws IllegalArgumentException for a model that could not be named in a path */
    public FalSettings {
        if (!isModel(model)) {
            throw new IllegalArgumentException("model: " + model + " (expected: owner/app or owner/app/path)");
        }
    }

    /** Whether a model can be called so. */
    public static boolean isModel(String text) {
        String[] names = text.split("/", -1);
        return MODEL.matcher(text).matches()
                && !text.contains("/.")
                && (!NAMESPACES.contains(names[0]) || names.length > 2);
    }

    /** Where a place for a file is asked for. */
    URI initiation() {
        return URI.create(storageUrl + "/storage/upload/initiate?storage_type=fal-cdn-v3");
    }

    /** The same for a file that goes up in parts. */
    URI initiationOfParts() {
        return URI.create(storageUrl + "/storage/upload/initiate-multipart?storage_type=fal-cdn-v3");
    }

    /** Where a training is queued. */
    URI queueing() {
        return URI.create(queueUrl + "/" + model);
    }

    /** Where its result is: by namespace, owner and app alone, and never where an answer says that it is. */
    URI result(String id) {
        String[] names = model.split("/", -1);
        long ofApp = NAMESPACES.contains(names[0]) ? 3 : 2;
        String app = Arrays.stream(names).limit(ofApp).collect(Collectors.joining("/"));
        return URI.create(queueUrl + "/" + app + "/requests/" + id);
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
