package dev.sluice.gateway;

import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/**
 * Says where the gateway is when it has started, and in development, where somebody reads the console, also who one is,
 * where data is kept and how to stop.
 */
final class StartMessage implements ApplicationListener<ApplicationReadyEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(StartMessage.class);

    @Override
    public void onApplicationEvent(ApplicationReadyEvent ready) {
        Environment environment = ready.getApplicationContext().getEnvironment();
        String port = environment.getProperty("local.server.port");
        if (port == null) {
            return;
        }
        String operations = environment.getProperty("local.management.port", "");
        LOG.info(
                "Sluice is ready: {} at http://localhost:{}/, operations at http://localhost:{}/actuator",
                environment.getProperty("sluice.web-app.enabled", Boolean.class, true) ? "its web app" : "its API",
                port,
                operations.isEmpty() ? port : operations);
        if (!environment.acceptsProfiles(Profiles.of("prod"))) {
            LOG.info("You:  {}", you(environment));
            LOG.info("Data: {}", data(environment));
            LOG.info("Stop: Ctrl-C; requests that run may end first");
        }
    }

    private static String data(Environment environment) {
        String database = environment.getProperty("sluice.database.url", "").isBlank()
                ? "database in " + directory(environment, "sluice.database.directory", "sluice-data/db")
                : "database by DATABASE_URL";
        String images = environment.getProperty("sluice.storage.s3.bucket", "").isBlank()
                ? "images in " + directory(environment, "sluice.storage.directory", "sluice-data/store")
                : "images in the bucket S3_BUCKET";
        return database + ", " + images;
    }

    private static Path directory(Environment environment, String key, String byDefault) {
        return Path.of(environment.getProperty(key, byDefault)).toAbsolutePath();
    }

    static String you(Environment environment) {
        String signIn = environment.getProperty("sluice.identity.development-login", Boolean.class, true)
                ? "nobody yet; anybody signs in as anybody, at /sign-in"
                : "nobody yet; callers bring a token";
        String address = environment.getProperty("server.address", "127.0.0.1");
        return signIn
                + switch (address) {
                    case "127.0.0.1" -> ". Only this machine reaches it (SERVER_ADDRESS=0.0.0.0 opens it)";
                    case "0.0.0.0", "::" ->
                        ". It listens on every address, as in a container it has to: whoever reaches its port may do that"
                                + " (docker run -p 127.0.0.1:8080:8080 lets this machine alone)";
                    default -> ". Reached by whoever reaches " + address;
                };
    }
}
