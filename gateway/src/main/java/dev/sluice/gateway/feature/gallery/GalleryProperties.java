package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.contract.http.HttpUrl;
import dev.sluice.gateway.outbound.http.ApiKey;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Bounds of the gallery.
 *
 * @param maxImageSize largest image, in bytes
 * @param importTimeout time for one imported image's whole download
 * @param storeTimeout time for putting one image into the store and naming it in its row
 * @param reconcilePeriod how often objects and rows are compared, besides once at the start
 * @param reconcileGrace how old what seems left over must be before it is removed
 * @param reconcileMost objects without a row, or rows without an object, that one comparison removes at most; if there
 *     are more, it removes none
 * @param generation how images are generated
 * @param wordpress sites that images can be sent to, by name
 */
@ConfigurationProperties("sluice.gallery")
record GalleryProperties(
        @DefaultValue("20MB") DataSize maxImageSize,
        @DefaultValue("30s") Duration importTimeout,
        @DefaultValue("3m") Duration storeTimeout,
        @DefaultValue("1d") Duration reconcilePeriod,
        @DefaultValue("1h") Duration reconcileGrace,
        @DefaultValue("100") int reconcileMost,
        @DefaultValue GenerationBounds generation,
        @DefaultValue Map<String, Site> wordpress) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.gallery.");
    private static final String REPLICATE = "https://api.replicate.com";
    private static final String MODEL = "black-forest-labs/flux-schnell";
    private static final Pattern MODEL_NAME =
            Pattern.compile("[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}(:[A-Za-z0-9]{1,128})?");
    private static final String EXPECTED_URL = "an http or https URL without user, query and fragment";

    /** Who makes the images. */
    enum Provider {
        /** Replicate, which needs a token. */
        REPLICATE,
        /** Placeholder images that the gateway draws itself, for development. */
        SKETCH
    }

    /**
     * How images are generated.
     *
     * @param provider who makes them; Replicate where there is a token or in production, else placeholder images
     * @param apiToken Replicate's token
     * @param baseUrl URL of Replicate's API, in front of {@code /v1}; empty means Replicate's own
     * @param model the model, as Replicate calls it; empty means {@code black-forest-labs/flux-schnell}
     * @param domains domains from which Replicate's pictures may come
     * @param deadline time from order to image
     * @param workers images that this process generates at a time
     * @param lease time for which a job belongs to one worker; another takes it up after that if the worker died
     * @param poll how often to look for jobs
     * @param retryPause pause before a failure that may pass is tried again, doubled before further tries
     * @param forbiddenTerms words that no prompt may contain
     */
    record GenerationBounds(
            @Nullable Provider provider,
            @DefaultValue("") ApiKey apiToken,
            @DefaultValue("") String baseUrl,
            @DefaultValue("") String model,

            @DefaultValue({"replicate.delivery", "cdn.replicate.com"})
            List<String> domains,

            @DefaultValue("120s") Duration deadline,
            @DefaultValue("4") int workers,
            @DefaultValue("30s") Duration lease,
            @DefaultValue("2s") Duration poll,
            @DefaultValue("1s") Duration retryPause,
            @DefaultValue List<String> forbiddenTerms) {

        GenerationBounds {
            baseUrl = baseUrl.isBlank() ? REPLICATE : baseUrl.strip().replaceFirst("/+$", "");
            model = model.isBlank() ? MODEL : model.strip();
            checkUrl("generation.base-url", baseUrl);
            if (!MODEL_NAME.matcher(model).matches()) {
                throw CHECK.bad("generation.model", model, "owner/name or owner/name:version");
            }
            if (!apiToken.fitsHeader()) {
                throw CHECK.bad("generation.api-token", apiToken, "visible ASCII characters");
            }
            domains = List.copyOf(domains);
            forbiddenTerms = List.copyOf(forbiddenTerms);
            CHECK.between("generation.deadline", deadline, Duration.ofSeconds(1), Duration.ofHours(1));
            CHECK.between("generation.workers", workers, 1, 100);
            CHECK.between("generation.lease", lease, Duration.ofSeconds(1), Duration.ofHours(1));
            CHECK.between("generation.poll", poll, Duration.ofMillis(10), Duration.ofMinutes(1));
            CHECK.between("generation.retry-pause", retryPause, Duration.ofMillis(10), Duration.ofMinutes(1));
        }
    }

    /**
     * A site and how to sign in there.
     *
     * @param url URL of the front page of the site; {@code http} works with a warning at the start
     * @param user user of the site who uploads
     * @param applicationPassword application password of that user, made for this gateway
     * @param roles roles of callers who may send images there, besides admins; {@code *} for everybody who is signed in
     * @param projects projects of callers who may send images there, besides admins
     */
    @ConfigurationPropertiesSource
    record Site(
            String url,
            String user,
            ApiKey applicationPassword,
            @DefaultValue Set<String> roles,
            @DefaultValue Set<String> projects) {
        private static final String EVERYBODY = "*";

        Site {
            roles = Set.copyOf(roles);
            projects = Set.copyOf(projects);
            url = url.strip().replaceFirst("/+$", "");
            checkUrl("wordpress.*.url", url);
            if (user.isBlank() || user.contains(":")) {
                throw CHECK.bad("wordpress.*.user", user, "a name without a colon");
            }
            if (!applicationPassword.isSet()) {
                throw CHECK.bad("wordpress.*.application-password", "none", "one made for this gateway");
            }
        }

        /** Whether all may read what is sent there, the password too. */
        boolean isPlainHttp() {
            return url.startsWith("http:");
        }

        /** Whether a caller may send images there. */
        boolean admits(Caller caller) {
            return caller.isAdmin()
                    || roles.contains(EVERYBODY)
                    || !Collections.disjoint(roles, caller.roles())
                    || !Collections.disjoint(projects, caller.projects());
        }
    }

    GalleryProperties {
        wordpress = Map.copyOf(wordpress);
        CHECK.between("max-image-size", maxImageSize, DataSize.ofKilobytes(1), DataSize.ofMegabytes(100));
        CHECK.between("import-timeout", importTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("store-timeout", storeTimeout, Duration.ofSeconds(1), Duration.ofHours(1));
        CHECK.between("reconcile-period", reconcilePeriod, Duration.ofSeconds(1), Duration.ofDays(366));
        CHECK.between("reconcile-grace", reconcileGrace, Duration.ofSeconds(1), Duration.ofDays(366));
        CHECK.between("reconcile-most", reconcileMost, 1, 1_000_000);
    }

    private static void checkUrl(String name, String text) {
        if (!HttpUrl.isBase(text)) {
            throw CHECK.bad(name, text, EXPECTED_URL);
        }
    }
}
