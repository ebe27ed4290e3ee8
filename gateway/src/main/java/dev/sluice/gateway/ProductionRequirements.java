package dev.sluice.gateway;

import java.io.Serial;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.core.env.StandardEnvironment;

/**
 * In the profile {@code prod} the gateway does not start until everything is set that makes it safe to be reached; the
 * message lists all that is missing at once. Runs before any other bean is made.
 */
final class ProductionRequirements implements BeanFactoryPostProcessor, EnvironmentAware {
    private static final String MANAGEMENT_PORT = "management.server.port";
    private static final Map<String, String> NEEDED = new LinkedHashMap<>();
    /** What may be set instead. */
    private static final Map<String, String> INSTEAD = Map.of("sluice.storage.s3.bucket", "sluice.storage.directory");

    static {
        NEEDED.put("sluice.redis.url", "REDIS_URL: where limits are counted for all processes together");
        NEEDED.put("sluice.database.url", "DATABASE_URL: the PostgreSQL that all processes share");
        NEEDED.put(
                "sluice.storage.s3.bucket",
                "S3_BUCKET: where images are kept; or sluice.storage.directory, on a disk that all processes share");
        NEEDED.put("sluice.signing-secret", "SLUICE_SIGNING_SECRET: at least 32 bytes, the same for all processes");
        NEEDED.put("sluice.identity.issuer-uri", "SLUICE_ISSUER_URI: whose tokens are taken");
        NEEDED.put(
                "sluice.identity.audience",
                "SLUICE_AUDIENCE: what their aud must hold, so that tokens for other applications are none here");
        NEEDED.put("sluice.origins.allowed", "SLUICE_ALLOWED_ORIGINS: which pages may call, comma separated");
        NEEDED.put(
                MANAGEMENT_PORT,
                "MANAGEMENT_SERVER_PORT: a port of its own for /actuator, such as 9000, that callers do not reach");
    }

    /** Of which each server gets one of its own. */
    private static final String ANY_FREE_PORT = "0";

    private Environment environment = new StandardEnvironment();

    @Override
    public void setEnvironment(Environment given) {
        environment = given;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        if (!environment.acceptsProfiles(Profiles.of("prod"))) {
            return;
        }
        List<String> missing = new ArrayList<>();
        NEEDED.forEach((key, meaning) -> {
            if (!isSet(key) && !isSet(INSTEAD.getOrDefault(key, key))) {
                missing.add(key + " (" + meaning + ")");
            }
        });
        if (!missing.isEmpty()) {
            throw new MissingSettingsException(missing);
        }
        String operations = environment.getProperty(MANAGEMENT_PORT, "").strip();
        if (!ANY_FREE_PORT.equals(operations) && operations.equals(environment.getProperty("server.port", "8080"))) {
            throw new IllegalArgumentException(MANAGEMENT_PORT + ": " + operations
                    + " (expected: another port than server.port, since callers reach that one)");
        }
    }

    /** Production lacks settings. */
    static final class MissingSettingsException extends IllegalStateException {
        @Serial
        private static final long serialVersionUID = 1L;

        private final transient List<String> missing;

        MissingSettingsException(List<String> missing) {
            super("The profile prod needs settings that are missing: " + String.join("; ", missing));
            this.missing = List.copyOf(missing);
        }

        /** Each with its key, its variable and what it is for. */
        List<String> missing() {
            return missing;
        }
    }

    private boolean isSet(String key) {
        return !environment.getProperty(key, "").isBlank() || environment.getProperty(key + "[0]") != null;
    }
}
