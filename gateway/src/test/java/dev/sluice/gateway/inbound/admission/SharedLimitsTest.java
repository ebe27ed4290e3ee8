package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Limits that several gateways count together, and what becomes of them when Redis fails. */
class SharedLimitsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String NO_IMAGES = "{\"images\":[]}";
    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    private EmbeddedRedis redis;

    @BeforeEach
    void start() {
        redis = EmbeddedRedis.start();
    }

    @AfterEach
    void stop() {
        redis.close();
    }

    private RunningGateway limited(String... settings) {
        Map<String, String> all = new HashMap<>();
        all.put("sluice.limits.enabled", "true");
        all.put("sluice.pictures.decoder", "in-process"); // starts sooner
        all.put("sluice.signing-secret", SECRET);
        all.put("sluice.redis.url", redis.url());
        all.put("sluice.assistant.provider", "echo");
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        RunningGateway gateway = RunningGateway.start(all);
        Await.until(SOON, "Redis is asked", () -> countedTogether(gateway));
        return gateway;
    }

    /** An inspection needs Redis, and charges nothing but its own route. */
    private static boolean countedTogether(RunningGateway gateway) {
        String session = text(gateway.get("/api/session"));
        return session.contains("\"limit\":\"zip-slots\"");
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    @Test
    void gatewaysCountTogether() {
        String[] wide = {
            "sluice.limits.definitions.ip.burst", "1000", "sluice.limits.definitions.user.burst", "1000",
            "sluice.limits.definitions.ai-day.units", "3", "sluice.limits.definitions.ai-endpoint.units", "1000",
            // On a busy machine an answer is late, and spending is refused.
            "sluice.redis.command-timeout", "2s"
        };
        try (RunningGateway one = limited(wide);
                RunningGateway other = limited(wide)) {
            assertThat(ask(one).statusCode()).isEqualTo(200);
            assertThat(ask(other).statusCode()).isEqualTo(200);
            assertThat(ask(one).statusCode()).isEqualTo(200);
            HttpResponse<byte[]> fourth = ask(other);
            assertThat(fourth.statusCode()).isEqualTo(429);
            assertThat(text(fourth)).contains("quota_exceeded");
        }
    }

    private static HttpResponse<byte[]> ask(RunningGateway gateway) {
        return gateway.post("/api/ai/proxy", "{\"message\":\"x\"}");
    }

    @Test
    void whileRedisIsSilentRatesCountHereAndSpendingIsRefused() {
        try (RunningGateway gateway = limited("sluice.limits.definitions.ip.burst", "1000")) {
            redis.pause();
            HttpResponse<byte[]> spending = ask(gateway);
            assertThat(spending.statusCode()).isEqualTo(503);
            assertThat(text(spending)).contains("\"code\":\"limits_unavailable\"", "\"limit\":\"ai-day\"");
            assertThat(spending.headers().firstValueAsLong("Retry-After")).isPresent();
            Await.until(
                    SOON,
                    "slots count here",
                    () -> gateway.post("/api/zip", NO_IMAGES).statusCode() == 400);
            Await.until(SOON, "the outage is seen as one", () -> {
                gateway.post("/api/zip", NO_IMAGES);
                return text(gateway.get("/actuator/prometheus")).contains("sluice_limits_degraded 1.0");
            });
            redis.resume();
            Await.until(SOON, "spending is admitted again", () -> ask(gateway).statusCode() == 200);
            Await.until(SOON, "the outage is over", () -> {
                gateway.post("/api/zip", NO_IMAGES);
                return text(gateway.get("/actuator/prometheus")).contains("sluice_limits_degraded 0.0");
            });
        }
    }

    @Test
    void gatewayStartsAndServesWithoutRedis() {
        redis.kill();
        try (RunningGateway gateway = RunningGateway.start(Map.of(
                "sluice.limits.enabled", "true",
                "sluice.assistant.provider", "echo",
                "sluice.redis.url", redis.url()))) {
            assertThat(gateway.post("/api/zip", NO_IMAGES).statusCode()).isEqualTo(400);
            assertThat(ask(gateway).statusCode()).isEqualTo(503);
            redis.restart();
            Await.until(SOON, "spending is admitted", () -> ask(gateway).statusCode() == 200);
        }
    }

    @Test
    void everyKeyOfALimitEndsByItself() {
        try (RunningGateway gateway = limited()) {
            ask(gateway);
            gateway.post("/api/zip", NO_IMAGES);
            String answer = redis.command("EVAL \"for _, key in ipairs(redis.call('KEYS', '*')) do"
                    + " if redis.call('PTTL', key) < 0 or not string.match(key, '^{?sluice}?:') then"
                    + " return redis.status_reply(key) end end return redis.call('DBSIZE')\" 0");
            assertThat(answer)
                    .as("how many keys there are, or one that never ends")
                    .startsWith(":");
            assertThat(answer).isNotEqualTo(":0");
        }
    }
}
