package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.contract.http.HttpUrl;
import dev.sluice.gateway.outbound.ai.training.FalSettings;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.http.ApiKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.training.*}. The key is first so that a report of another value's fault, which names the property read
 * last, cannot be about the key.
 *
 * @param apiKey fal's key; without one the routes answer {@code provider_not_configured}
 * @param queueUrl the URL of fal's queue; empty means fal's own
 * @param storageUrl the URL of fal's storage; empty means fal's own
 * @param model the model that is trained, as fal calls it; the state of a training is asked of the model that is set
 *     then
 * @param uploadSchemes schemes of the URLs to which fal's storage may ask for archives to be sent
 * @param uploadDomains domains of those URLs; each admits its subdomains
 * @param archive how archives are put, and how long they stay there
 * @param maxBody largest request body, 1 KB to 1 MB
 * @param minImages fewest images of a training, left-out ones not counted
 * @param maxImages most images that a request may name
 * @param concurrency trainings that this process sets up at a time
 * @param diskBudget disk for the archives of all trainings that are being set up
 * @param spoolDirectory where archives wait until they are sent; their files are deleted whether that succeeds or not;
 *     unset means {@code sluice-training} in the temporary directory
 * @param deadline time from the request to the queued training
 * @param tryTimeout time for one call of the provider
 * @param uploadTimeout time for sending one archive
 * @param retryPause pause before a call is repeated, which happens once
 * @param connectTimeout time to wait for a free connection, and again for connecting
 */
@ConfigurationProperties("sluice.training")
record TrainingProperties(
        @DefaultValue("") ApiKey apiKey,
        @DefaultValue("") String queueUrl,
        @DefaultValue("") String storageUrl,
        @DefaultValue("fal-ai/flux-lora-fast-training") String model,
        @DefaultValue("https") Set<String> uploadSchemes,

        @DefaultValue({"fal.media", "fal.ai", "fal.run"}) List<String> uploadDomains,

        @DefaultValue Archive archive,
        @DefaultValue("256KB") DataSize maxBody,
        @DefaultValue("4") int minImages,
        @DefaultValue("20") int maxImages,
        @DefaultValue("4") int concurrency,
        @DefaultValue("500MB") DataSize diskBudget,
        @Nullable Path spoolDirectory,
        @DefaultValue("5m") Duration deadline,
        @DefaultValue("15s") Duration tryTimeout,
        @DefaultValue("2m") Duration uploadTimeout,
        @DefaultValue("500ms") Duration retryPause,
        @DefaultValue("3s") Duration connectTimeout) {
    static final SettingCheck CHECK = new SettingCheck("sluice.training.");
    private static final String QUEUE = "https://queue.fal.run";
    private static final String STORAGE = "https://rest.fal.ai";
    private static final Duration SHORTEST = Duration.ofMillis(100);

    /**
     * How archives are put, and how long they stay.
     *
     * @param expiry time after which fal's storage deletes an archive, 1 min to a year, since its pictures are of
     *     people; 0 leaves it to the storage
     * @param largestPut largest archive that is sent in one piece
     * @param part size of the pieces of a larger archive
     */
    record Archive(
            @DefaultValue("1d") Duration expiry,
            @DefaultValue("90MB") DataSize largestPut,
            @DefaultValue("10MB") DataSize part) {
        Archive {
            if (!expiry.isZero()) {
                CHECK.between("archive.expiry", expiry, Duration.ofMinutes(1), Duration.ofDays(365));
            }
            CHECK.between("archive.largest-put", largestPut, DataSize.ofKilobytes(1), DataSize.ofGigabytes(5));
            CHECK.between("archive.part", part, DataSize.ofKilobytes(1), DataSize.ofGigabytes(1));
        }
    }

    TrainingProperties {
        queueUrl = base("queue-url", queueUrl, QUEUE);
        storageUrl = base("storage-url", storageUrl, STORAGE);
        spoolDirectory = spoolDirectory == null
                ? Path.of(System.getProperty("java.io.tmpdir"), "sluice-training")
                : spoolDirectory;
        uploadSchemes = Set.copyOf(uploadSchemes);
        uploadDomains = List.copyOf(uploadDomains);
        if (!apiKey.fitsHeader()) {
            throw CHECK.bad("api-key", apiKey, "visible ASCII characters");
        }
        if (!FalSettings.isModel(model)) {
            throw CHECK.bad("model", model, "owner/app or owner/app/path, below workflows/ and comfy/ too");
        }
        if (uploadSchemes.isEmpty() || !Set.of("http", "https").containsAll(uploadSchemes)) {
            throw CHECK.bad("upload-schemes", uploadSchemes, "http, https or both");
        }
        if (uploadDomains.isEmpty()) {
            throw CHECK.bad("upload-domains", uploadDomains, "at least one domain");
        }
        CHECK.between("max-body", maxBody, DataSize.ofKilobytes(1), DataSize.ofMegabytes(1));
        CHECK.between("max-images", maxImages, 1, 100);
        CHECK.between("min-images", minImages, 1, maxImages);
        CHECK.between("concurrency", concurrency, 1, 100);
        CHECK.between("disk-budget", diskBudget, DataSize.ofKilobytes(1), DataSize.ofTerabytes(1));
        CHECK.between("deadline", deadline, SHORTEST, Duration.ofHours(1));
        CHECK.between("try-timeout", tryTimeout, SHORTEST, deadline);
        CHECK.between("upload-timeout", uploadTimeout, SHORTEST, deadline);
        CHECK.between("retry-pause", retryPause, Duration.ZERO, Duration.ofSeconds(10));
        CHECK.between("connect-timeout", connectTimeout, SHORTEST, Duration.ofMinutes(1));
    }

    /** Never null: the default was put in its place. */
    @Override
    public Path spoolDirectory() {
        return Objects.requireNonNull(spoolDirectory);
    }

    /** Where archives may be put. */
    UrlPolicy uploads() {
        return new UrlPolicy(uploadSchemes, Set.copyOf(uploadDomains));
    }

    private static String base(String name, String given, String byDefault) {
        String text = given.isBlank() ? byDefault : given.strip().replaceFirst("/+$", "");
        if (!HttpUrl.isBase(text)) {
            throw badUrl(name, text);
        }
        return text;
    }

    private static IllegalArgumentException badUrl(String name, String text) {
        return CHECK.bad(name, text, "an http or https URL without user, query and fragment");
    }
}
