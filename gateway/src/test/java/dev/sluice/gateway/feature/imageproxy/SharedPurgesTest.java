package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.SOON;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two gateways with a cache each and one Redis: what an admin purges at one is gone at both. */
@ExtendWith(NoLeaks.class)
class SharedPurgesTest {
    private static final byte[] PICTURE = Pictures.png(20_000);

    @TempDir
    private static Path directory;

    private static EmbeddedRedis redis;
    private static HostileOrigin origin;
    private static Peer asked;
    private static Peer other;

    /** A gateway and its admin. */
    private record Peer(RunningGateway gateway, String admin) implements AutoCloseable {
        static Peer start(String name) {
            RunningGateway gateway = RunningGateway.start(
                    origin,
                    Map.of(
                            "sluice.redis.url",
                            redis.url(),
                            // On a busy machine an answer is late, and the others cannot be told.
                            "sluice.redis.command-timeout",
                            "2s",
                            "sluice.image-proxy.cache.enabled",
                            "true",
                            "sluice.image-proxy.cache.directory",
                            directory.resolve(name).toString()));
            return new Peer(gateway, gateway.signIn("root", "admin"));
        }

        HttpResponse<byte[]> get(String path) {
            return send(request(proxied(origin.url(path))));
        }

        HttpResponse<byte[]> purge(String path) {
            return send(request(adminPath(path)).DELETE());
        }

        boolean has(String path) {
            return send(request(adminPath(path))).statusCode() == 200;
        }

        void keep(String path) {
            origin.on(path, Behaviours.image(PICTURE));
            assertThat(cacheStatus(get(path))).endsWith("stored");
        }

        long seen() {
            return gateway.bean(SharedPurges.class).seen();
        }

        private static String adminPath(String path) {
            return proxied(origin.url(path)).replace("/api/", "/api/admin/");
        }

        private HttpRequest.Builder request(String path) {
            return HttpRequest.newBuilder(gateway.uri(path)).header("Authorization", "Bearer " + admin);
        }

        private HttpResponse<byte[]> send(HttpRequest.Builder request) {
            return gateway.send(request);
        }

        @Override
        public void close() {
            gateway.close();
        }
    }

    @BeforeAll
    static void start() {
        redis = EmbeddedRedis.start();
        origin = HostileOrigin.start();
        asked = Peer.start("asked");
        other = Peer.start("other");
    }

    @AfterAll
    static void stop() {
        other.close();
        asked.close();
        origin.close();
        redis.close();
    }

    @Test
    void purgeReachesEveryGateway() {
        asked.keep("/everywhere.png");
        other.keep("/everywhere.png");
        other.keep("/neighbour.png");

        assertThat(asked.purge("/everywhere.png").statusCode()).isEqualTo(204);

        Await.until(SOON, "the other gateway has forgotten it", () -> !other.has("/everywhere.png"));
        assertThat(asked.has("/everywhere.png")).isFalse();
        assertThat(other.has("/neighbour.png")).isTrue();
    }

    @Test
    void imageThatIsOnItsWayAtAnotherGatewayWhenItIsPurgedIsNotKept() {
        CountDownLatch purged = new CountDownLatch(1);
        origin.on("/on-its-way.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + PICTURE.length);
            exchange.write(Arrays.copyOf(PICTURE, 100));
            purged.await();
            exchange.write(Arrays.copyOfRange(PICTURE, 100, PICTURE.length));
        });
        CompletableFuture<HttpResponse<byte[]>> first =
                CompletableFuture.supplyAsync(() -> other.get("/on-its-way.png"), Thread::startVirtualThread);
        origin.await(SOON, "the origin is asked", () -> origin.requests("/on-its-way.png") == 1);
        long before = other.seen();

        assertThat(asked.purge("/on-its-way.png").statusCode()).isEqualTo(204);
        Await.until(SOON, "the other gateway has heard of it", () -> other.seen() > before);
        purged.countDown();

        assertThat(first.join().body()).isEqualTo(PICTURE);
        assertThat(other.has("/on-its-way.png")).isFalse();
    }

    @Test
    void gatewayThatWasNotThereLearnsWhatItMissed() {
        Peer third = Peer.start("third");
        third.keep("/missed.png");
        third.keep("/kept.png");
        asked.purge("/before.png");
        Await.until(SOON, "the third gateway follows", () -> third.seen() > 0 && third.seen() == asked.seen());
        third.close();

        assertThat(asked.purge("/missed.png").statusCode()).isEqualTo(204);

        try (Peer again = Peer.start("third")) {
            Await.until(SOON, "it has caught up", () -> again.seen() > 0 && again.seen() == asked.seen());
            assertThat(again.has("/missed.png")).isFalse();
            Await.until(SOON, "its cache is read", () -> again.has("/kept.png"));
        }
    }

    @Test
    void purgeOfWhichOthersCannotBeToldFailsAndMissedOnesEndTheCacheWhenRedisHasForgottenThem() {
        asked.purge("/before.png");
        Await.until(SOON, "both follow", () -> other.seen() > 0 && other.seen() == asked.seen());
        asked.keep("/unpublished.png");
        other.keep("/unpublished.png");
        redis.kill();

        HttpResponse<byte[]> unpublished = asked.purge("/unpublished.png");

        assertThat(unpublished.statusCode()).isEqualTo(503);
        assertThat(code(unpublished)).isEqualTo("overloaded");
        assertThat(asked.has("/unpublished.png")).isFalse();
        assertThat(other.has("/unpublished.png")).isTrue();
        redis.restart();
        Await.until(SOON, "what may be stale is forgotten", () -> !other.has("/unpublished.png"));
    }
}
