package dev.sluice.gateway.outbound.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import io.lettuce.core.AbstractRedisClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole gateway with a Redis, without one, and with one that is not there. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class RedisGatewayTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static EmbeddedRedis redis;
    private static HostileOrigin origin;

    @BeforeAll
    static void start() {
        redis = EmbeddedRedis.start();
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(1000)));
    }

    @AfterAll
    static void stop() {
        origin.close();
        redis.close();
    }

    @Test
    void linkOutlivesTheGatewayThatMadeIt() {
        String url;
        try (RunningGateway first = RunningGateway.start(origin, Map.of("sluice.redis.url", redis.url()))) {
            awaitHealth(first, "UP");
            HttpResponse<byte[]> created = first.post("/api/zip/links", request());
            assertThat(created.statusCode()).isEqualTo(201);
            url = JSON.readTree(created.body()).path("url").asString();
        }

        try (RunningGateway second = RunningGateway.start(origin, Map.of("sluice.redis.url", redis.url()))) {
            awaitHealth(second, "UP");
            HttpResponse<byte[]> archive = second.get(url);
            assertThat(archive.statusCode()).isEqualTo(200);
            assertThat(Archives.read(archive.body())).containsOnlyKeys("a.png");
            assertThat(new String(second.get(url + "/events").body(), StandardCharsets.UTF_8))
                    .contains("\"state\":\"done\"", "event:end");
        }
    }

    @Test
    void gatewayStartsAndServesWithARedisThatIsNotThere() throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        try (RunningGateway gateway =
                RunningGateway.start(origin, Map.of("sluice.redis.url", "redis://:secret@127.0.0.1:" + closed))) {
            HttpResponse<byte[]> refused = gateway.post("/api/zip/links", request());
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(JSON.readTree(refused.body()).path("code").asString()).isEqualTo("overloaded");
            assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");

            assertThat(gateway.post("/api/zip", request()).statusCode()).isEqualTo(200);
            awaitHealth(gateway, "DOWN");
            assertThat(gateway.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
            assertThat(gateway.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void redisThatComesLateIsFound() {
        redis.kill();
        try (RunningGateway gateway = RunningGateway.start(origin, Map.of("sluice.redis.url", redis.url()))) {
            awaitHealth(gateway, "DOWN");
            redis.restart();
            awaitHealth(gateway, "UP");
            assertThat(gateway.post("/api/zip/links", request()).statusCode()).isEqualTo(201);
        }
    }

    @Test
    void redisThatForgetsCountersWhenItIsFullIsAWarning(CapturedOutput output) {
        try (EmbeddedRedis forgetful = EmbeddedRedis.start()) {
            assertThat(forgetful.command("CONFIG SET maxmemory-policy allkeys-lru"))
                    .isEqualTo("+OK");
            try (RunningGateway gateway = RunningGateway.start(origin, Map.of("sluice.redis.url", forgetful.url()))) {
                awaitHealth(gateway, "UP");
                Await.until(
                        TIMEOUT,
                        "the warning",
                        () -> output.getOut().contains("maxmemory-policy is allkeys-lru (expected: noeviction)"));
            }
        }
    }

    /** It answers a PING, and questions. */
    @Test
    void redisThatIsFullIsToldByHealthUntilThereIsRoom() {
        try (EmbeddedRedis full = EmbeddedRedis.start();
                RunningGateway gateway = RunningGateway.start(origin, Map.of("sluice.redis.url", full.url()))) {
            awaitHealth(gateway, "UP");
            assertThat(full.command("CONFIG SET maxmemory 1")).isEqualTo("+OK");

            awaitHealth(gateway, "DOWN");
            assertThat(health(gateway).at("/components/redis/details/refusal").asString(""))
                    .isEqualTo("OOM");
            assertThat(gateway.post("/api/zip/links", request()).statusCode()).isEqualTo(503);

            assertThat(full.command("CONFIG SET maxmemory 0")).isEqualTo("+OK");
            awaitHealth(gateway, "UP");
            assertThat(gateway.post("/api/zip/links", request()).statusCode()).isEqualTo(201);
        }
    }

    @Test
    void emptyUrlIsNoRedis() {
        try (RunningGateway gateway = RunningGateway.start(origin, Map.of("sluice.redis.url", ""))) {
            assertThatThrownBy(() -> gateway.bean(AbstractRedisClient.class))
                    .isInstanceOf(NoSuchBeanDefinitionException.class);
            assertThat(health(gateway).path("components").has("redis")).isFalse();
            assertThat(health(gateway)
                            .at("/components/pictures/details/decoder")
                            .asString(""))
                    .as("which decoder reads pictures")
                    .isNotEmpty();
            assertThat(gateway.post("/api/zip/links", request()).statusCode()).isEqualTo(201);
        }
    }

    @Test
    void badUrlStopsTheStartAndIsNotRepeated(CapturedOutput output) {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.redis.url", "redis://me:secret@host:port"))
                        .close())
                .rootCause()
                .hasMessageStartingWith("sluice.redis.url: ");

        assertThat(output.getAll()).contains("sluice.redis.url: ").doesNotContain("secret");
    }

    private static void awaitHealth(RunningGateway gateway, String status) {
        Await.until(
                TIMEOUT,
                "redis is " + status,
                () -> health(gateway)
                        .path("components")
                        .path("redis")
                        .path("status")
                        .asString("")
                        .equals(status));
    }

    private static JsonNode health(RunningGateway gateway) {
        return JSON.readTree(gateway.get("/actuator/health").body());
    }

    private static String request() {
        return "{\"images\":[{\"url\":\"" + origin.url("/a.png") + "\"}]}";
    }
}
