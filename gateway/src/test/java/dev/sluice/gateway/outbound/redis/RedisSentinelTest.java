package dev.sluice.gateway.outbound.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A master, a replica and a sentinel: what the gateway does when the one takes the other's place. */
@ExtendWith(NoLeaks.class)
class RedisSentinelTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path directory;

    private static JsonNode redisHealth(RunningGateway gateway) {
        HttpResponse<byte[]> health = gateway.get("/actuator/health");
        return JSON.readTree(health.body()).path("components").path("redis");
    }

    private static void awaitHealth(RunningGateway gateway, String status) {
        Await.until(
                TIMEOUT,
                "Redis is " + status,
                () -> redisHealth(gateway).path("status").asString("").equals(status));
    }

    private static boolean makesLinks(RunningGateway gateway) {
        return gateway.post("/api/zip/links", "{\"images\":[{\"url\":\"https://example.com/a.png\"}]}")
                        .statusCode()
                == 201;
    }

    @Test
    void promotedReplicaIsFoundThroughTheSentinelWhenTheMasterDies() {
        try (EmbeddedRedis master = EmbeddedRedis.start();
                EmbeddedRedis replica = EmbeddedRedis.start()) {
            replica.follow(master);
            try (RedisSentinel sentinel = RedisSentinel.watch(master, directory);
                    RunningGateway gateway = RunningGateway.start(Map.of("sluice.redis.url", sentinel.url()))) {
                awaitHealth(gateway, "UP");
                assertThat(makesLinks(gateway)).isTrue();

                master.kill();

                Await.until(TIMEOUT, "links are made on the new master", () -> makesLinks(gateway));
                awaitHealth(gateway, "UP");
                assertThat(replica.command("ROLE")).startsWith("*3");
                assertThat(replica.command("DBSIZE")).isNotEqualTo(":0");
            }
        }
    }

    /**
     * Its kernel acknowledges what is sent to it, so that no time-out of the system ends a connection: each client has
     * to leave it by itself.
     */
    @Test
    void promotedReplicaIsFoundByLinksAndLimitsAndHealthWhenTheMasterStandsStill() {
        try (EmbeddedRedis master = EmbeddedRedis.start();
                EmbeddedRedis replica = EmbeddedRedis.start()) {
            replica.follow(master);
            try (RedisSentinel sentinel = RedisSentinel.watch(master, directory);
                    RunningGateway gateway = RunningGateway.start(Map.of(
                            "sluice.redis.url", sentinel.url(),
                            "sluice.limits.enabled", "true",
                            "sluice.limits.definitions.ip.burst", "100000",
                            "sluice.limits.definitions.ip.units", "100000",
                            "sluice.limits.definitions.ai-day.units", "100000",
                            "sluice.limits.definitions.anonymous-ai.units", "100000",
                            "sluice.limits.definitions.ai-endpoint.units", "100000",
                            "sluice.assistant.provider", "echo"))) {
                awaitHealth(gateway, "UP");
                Await.until(TIMEOUT, "spending is admitted", () -> spends(gateway));

                master.pause();
                assertThat(spends(gateway)).isFalse();
                // In one answer: the next may be told of the new master already.
                Await.until(TIMEOUT, "Redis is DOWN, and why", () -> {
                    JsonNode health = redisHealth(gateway);
                    return health.path("status").asString("").equals("DOWN")
                            && health.path("details").path("faults").toString().contains("Redis: ");
                });

                Await.until(TIMEOUT, "spending is admitted by the new master", () -> spends(gateway));
                Await.until(TIMEOUT, "links are made on the new master", () -> makesLinks(gateway));
                awaitHealth(gateway, "UP");
                assertThat(replica.command("ROLE")).startsWith("*3");
            }
        }
    }

    /** As charts and guides set it up; the URL's password is for the master. */
    @Test
    void sentinelWithAPasswordLetsInWhoKnowsItAndIsNamedToWhoDoesNot() {
        try (EmbeddedRedis master = EmbeddedRedis.start();
                EmbeddedRedis replica = EmbeddedRedis.start()) {
            replica.follow(master);
            try (RedisSentinel sentinel = RedisSentinel.watch(master, directory, "requirepass secret")) {
                try (RunningGateway gateway = RunningGateway.start(
                        Map.of("sluice.redis.url", sentinel.url(), "sluice.redis.sentinel-password", "secret"))) {
                    awaitHealth(gateway, "UP");
                }
                try (RunningGateway stranger = RunningGateway.start(Map.of("sluice.redis.url", sentinel.url()))) {
                    Await.until(
                            TIMEOUT,
                            "the setting",
                            () -> redisHealth(stranger)
                                    .path("details")
                                    .path("setting")
                                    .asString("")
                                    .contains("sluice.redis.sentinel-password"));
                    assertThat(redisHealth(stranger)
                                    .path("details")
                                    .path("refusal")
                                    .asString(""))
                            .isEqualTo("NOAUTH");
                }
            }
        }
    }

    private static boolean spends(RunningGateway gateway) {
        return gateway.post("/api/ai/proxy", "{\"message\":\"x\"}").statusCode() == 200;
    }

    /** It answers a PING, so that health once said UP while every paid call was refused. */
    @Test
    void masterThatBecomesAReplicaIsToldByHealth() {
        try (EmbeddedRedis master = EmbeddedRedis.start();
                EmbeddedRedis other = EmbeddedRedis.start();
                RunningGateway gateway = RunningGateway.start(Map.of("sluice.redis.url", master.url()))) {
            awaitHealth(gateway, "UP");

            master.follow(other);

            awaitHealth(gateway, "DOWN");
            Await.until(
                    TIMEOUT,
                    "why",
                    () -> redisHealth(gateway)
                            .path("details")
                            .path("refusal")
                            .asString("")
                            .equals("READONLY"));
        }
    }
}
