package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.contract.http.HttpUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.storage.*}.
 *
 * @param directory where objects are kept when no bucket is named
 * @param s3 the bucket where they are kept otherwise
 */
@ConfigurationProperties("sluice.storage")
record StorageProperties(
        @DefaultValue("sluice-data/store") Path directory,
        @DefaultValue S3 s3) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.storage.");

    /**
     * {@code sluice.storage.s3.*}.
     *
     * @param bucket name of the bucket; empty means that objects are kept in a directory
     * @param endpoint URL of a store that is not Amazon's, as {@code https://host}; empty means Amazon's own
     * @param publicEndpoint URL at which clients reach the same store, for which upload URLs are signed; empty means
     *     the endpoint. A proxy between passes {@code Host} on as it is, since that is signed
     * @param region region, as the store calls it
     * @param pathStyle whether the bucket is the first segment of a path, not a part of the host; if unset, it is with
     *     an endpoint
     * @param accessKey access key; empty means the credentials of the environment, as the AWS SDK finds them
     * @param secretKey secret key of the access key
     * @param attemptTimeout time for one try, to the first byte of its answer, and longest silence of the store after
     *     that, 100 ms to 5 min
     * @param callTimeout time for all tries of a call, 100 ms to 10 min, not less than that of one try
     * @param putTimeout time for a put with its body, which is tried once, 1 s to 1 h
     * @param tries tries of a call that is no put, 1 to 10
     * @param connections connections at once, 1 to 1000
     */
    record S3(
            @DefaultValue("") String bucket,
            @DefaultValue("") String endpoint,
            @DefaultValue("") String publicEndpoint,
            @DefaultValue("us-east-1") String region,
            @Nullable Boolean pathStyle,
            @DefaultValue("") String accessKey,
            @DefaultValue("") String secretKey,
            @DefaultValue("10s") Duration attemptTimeout,
            @DefaultValue("30s") Duration callTimeout,
            @DefaultValue("2m") Duration putTimeout,
            @DefaultValue("3") int tries,
            @DefaultValue("64") int connections) {
        private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
        private static final Pattern REGION = Pattern.compile("[A-Za-z0-9-]{1,64}");

        S3 {
            bucket = bucket.strip();
            endpoint = endpoint.strip();
            publicEndpoint = publicEndpoint.strip();
            accessKey = accessKey.strip();
            secretKey = secretKey.strip();
            if (!bucket.isEmpty() && !BUCKET.matcher(bucket).matches()) {
                throw CHECK.bad("s3.bucket", bucket, "3 to 63 lower-case letters, digits, dots and hyphens");
            }
            checkEndpoint("s3.endpoint", endpoint);
            checkEndpoint("s3.public-endpoint", publicEndpoint);
            if (!REGION.matcher(region).matches()) {
                throw CHECK.bad("s3.region", region, "a region such as eu-central-1");
            }
            if (accessKey.isEmpty() != secretKey.isEmpty()) {
                throw CHECK.bad(
                        accessKey.isEmpty() ? "s3.access-key" : "s3.secret-key",
                        "''",
                        "access-key and secret-key together, or neither");
            }
            CHECK.between("s3.attempt-timeout", attemptTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
            CHECK.between("s3.call-timeout", callTimeout, attemptTimeout, Duration.ofMinutes(10));
            CHECK.between("s3.put-timeout", putTimeout, Duration.ofSeconds(1), Duration.ofHours(1));
            CHECK.between("s3.tries", tries, 1, 10);
            CHECK.between("s3.connections", connections, 1, 1000);
        }

        boolean isSet() {
            return !bucket.isEmpty();
        }

        /** Whether the bucket is in the path. */
        boolean inPath() {
            return pathStyle == null ? !endpoint.isEmpty() : pathStyle;
        }

        /** The endpoint for which upload URLs are signed; empty for Amazon's own. */
        String signedEndpoint() {
            return publicEndpoint.isEmpty() ? endpoint : publicEndpoint;
        }

        /** All but the keys. */
        @Override
        public String toString() {
            return "S3[bucket=" + bucket + ", endpoint=" + endpoint + ", region=" + region + "]";
        }

        private static void checkEndpoint(String name, String endpoint) {
            if (endpoint.isEmpty() || HttpUrl.isRoot(endpoint)) {
                return;
            }
            throw CHECK.bad(name, "not shown, it may hold a password", "http://host:port or https://host:port");
        }
    }
}
