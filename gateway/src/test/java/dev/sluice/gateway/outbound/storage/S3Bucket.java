package dev.sluice.gateway.outbound.storage;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import reactor.core.scheduler.Schedulers;

/** A bucket of its own at an {@link S3Server} of its own, for gateways that keep their objects there. */
public final class S3Bucket implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final S3Server server;
    private final S3Connection connection;
    private final String name;
    private final S3Store store;

    private S3Bucket(S3Server server) {
        this.server = server;
        this.connection = new S3Connection(server.settings("any"));
        this.name = S3Server.newBucket(connection);
        this.store = new S3Store(connection, server.settings(name), Schedulers.boundedElastic(), Clock.systemUTC());
    }

    /** An empty one. */
    public static S3Bucket open() {
        return new S3Bucket(S3Server.start());
    }

    /** Where its server listens. */
    public String endpoint() {
        return server.endpoint();
    }

    /** What leads a gateway here. */
    public Map<String, String> settings() {
        return settings(endpoint());
    }

    /** What leads a gateway here by another way. */
    public Map<String, String> settings(String endpoint) {
        return Map.of(
                "sluice.storage.s3.bucket",
                name,
                "sluice.storage.s3.endpoint",
                endpoint,
                "sluice.storage.s3.access-key",
                S3Server.ACCESS_KEY,
                "sluice.storage.s3.secret-key",
                S3Server.SECRET_KEY);
    }

    /** The keys of all objects of callers. */
    public List<String> keys() {
        return Objects.requireNonNull(store.list("t/")
                .map(object -> object.key().value())
                .collectList()
                .block(TIMEOUT));
    }

    @Override
    public void close() {
        connection.close();
        server.close();
    }
}
