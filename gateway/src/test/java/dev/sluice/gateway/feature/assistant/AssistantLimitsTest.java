package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Alerts;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.SentryStub;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What guards the paid provider, in the order in which it is asked: size, origin, address, quota, endpoint, slots,
 * budget.
 */
@ExtendWith(NoLeaks.class)
class AssistantLimitsTest {
    private static final String PATH = "/api/ai/proxy";
    private static final String ASK = "{\"message\":\"x\"}";
    private static final Duration SOON = Duration.ofSeconds(30);
    /** Limits that stand before the one a test is about, out of its way. */
    private static final String WIDE = "100000";

    private GeminiStub gemini;

    @BeforeEach
    void start() {
        gemini = GeminiStub.start();
        gemini.whole(GeminiStub.text("Hi"));
    }

    @AfterEach
    void stop() {
        gemini.close();
    }

    private RunningGateway limited(String... settings) {
        Map<String, String> all = new HashMap<>();
        all.put("sluice.limits.enabled", "true");
        all.put("sluice.pictures.decoder", "in-process"); // starts sooner
        all.put("sluice.assistant.api-key", "secret-key");
        all.put("sluice.assistant.base-url", gemini.baseUrl());
        all.put("sluice.assistant.model", GeminiStub.MODEL);
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return RunningGateway.start(all);
    }

    private static HttpResponse<byte[]> ask(RunningGateway gateway) {
        return gateway.post(PATH, ASK);
    }

    /** On a thread of its own: the common pool of two cores has one, which the first call would hold. */
    private static CompletableFuture<HttpResponse<byte[]>> asking(RunningGateway gateway) {
        return CompletableFuture.supplyAsync(() -> ask(gateway), Thread::startVirtualThread);
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private static void refused(HttpResponse<byte[]> answer, int status, String code) {
        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(text(answer)).contains("\"error\":\"" + code + "\"", "\"code\":\"" + code + "\"");
    }

    private static long retryAfter(HttpResponse<byte[]> answer) {
        return answer.headers().firstValueAsLong("Retry-After").orElseThrow();
    }

    @Test
    void fortyQuickCallsAreRateLimited() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ai-endpoint.units", WIDE, "sluice.limits.definitions.ip.period", "1h")) {
            List<Integer> statuses = new ArrayList<>();
            HttpResponse<byte[]> last = null;
            for (int call = 1; call <= 40; call++) {
                last = ask(gateway);
                statuses.add(last.statusCode());
            }
            assertThat(last).isNotNull();
            refused(last, 429, "rate_limited");
            assertThat(retryAfter(last)).isPositive();
            assertThat(last.headers().firstValue("RateLimit"))
                    .hasValueSatisfying(field -> assertThat(field).contains("\"ip\";r=0;t="));
            assertThat(statuses.stream().filter(status -> status == 200)).hasSize(10);
            assertThat(gemini.requests()).as("nothing is spent on refusals").hasSize(10);
        }
    }

    @Test
    void sixthCallOfAMinuteIsThrottled() {
        try (RunningGateway gateway = limited()) {
            for (int call = 1; call <= 5; call++) {
                assertThat(ask(gateway).statusCode()).isEqualTo(200);
            }
            HttpResponse<byte[]> sixth = ask(gateway);
            refused(sixth, 429, "endpoint_throttled");
            assertThat(retryAfter(sixth)).isBetween(1L, 12L);
            assertThat(gemini.requests()).hasSize(5);
        }
    }

    @Test
    void fiftyFirstCallOfADayExceedsTheQuota() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ip.burst", WIDE, "sluice.limits.definitions.ai-endpoint.units", WIDE)) {
            for (int call = 1; call <= 50; call++) {
                assertThat(ask(gateway).statusCode()).isEqualTo(200);
            }
            HttpResponse<byte[]> answer = ask(gateway);
            refused(answer, 429, "quota_exceeded");
            assertThat(retryAfter(answer)).isBetween(1L, 86_400L);
            assertThat(text(answer)).contains("\"limit\":\"ai-day\"");
        }
    }

    @Test
    void thirdCallAtOnceIsTooMany() {
        gemini.whole(Behaviours.silent());
        try (RunningGateway gateway =
                limited("sluice.assistant.try-timeout", "6s", "sluice.assistant.deadline", "7s")) {
            CompletableFuture<HttpResponse<byte[]>> one = asking(gateway);
            CompletableFuture<HttpResponse<byte[]>> other = asking(gateway);
            Await.until(SOON, "two calls under way", () -> gemini.requests().size() >= 2);
            refused(ask(gateway), 429, "too_many_concurrent");
            assertThat(gemini.requests().size()).as("the third asks nobody").isLessThanOrEqualTo(4);
            refused(one.join(), 504, "upstream_timeout");
            refused(other.join(), 504, "upstream_timeout");
        }
    }

    @Test
    void callThatTimesOutIsA504AfterOneRetryAndFreesItsSlot() {
        gemini.whole(Behaviours.silent());
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ai-slots.units", "1",
                "sluice.assistant.try-timeout", "1s",
                "sluice.assistant.deadline", "5s")) {
            refused(ask(gateway), 504, "upstream_timeout");
            assertThat(gemini.requests()).as("one try and one retry").hasSize(2);
            gemini.whole(GeminiStub.text("Hi"));
            assertThat(ask(gateway).statusCode())
                    .as("the only slot is free again")
                    .isEqualTo(200);
        }
    }

    @Test
    void bodyOverFiftyKilobytesIsRefusedBeforeAnythingIsCounted() {
        try (RunningGateway gateway = limited("sluice.limits.definitions.ip.burst", "1")) {
            String large = "{\"message\":\"" + "x".repeat(60 * 1024) + "\"}";
            refused(gateway.post(PATH, large), 413, "payload_too_large");
            HttpResponse<byte[]> chunked = gateway.send(HttpRequest.newBuilder(gateway.uri(PATH))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.fromPublisher(BodyPublishers.ofString(large))));
            refused(chunked, 413, "payload_too_large");
            assertThat(ask(gateway).statusCode())
                    .as("the one token is still there")
                    .isEqualTo(200);
        }
    }

    @Test
    void evilOriginIsRefusedBeforeAnythingIsCounted() {
        try (RunningGateway gateway = limited("sluice.limits.definitions.ip.burst", "1")) {
            refused(from(gateway, "https://evil.example"), 403, "invalid_origin");
            assertThat(from(gateway, "http://localhost:5173").statusCode()).isEqualTo(200);
        }
    }

    private static HttpResponse<byte[]> from(RunningGateway gateway, String origin) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(PATH))
                .header("Content-Type", "application/json")
                .header("Origin", origin)
                .POST(BodyPublishers.ofString(ASK)));
    }

    @Test
    void spentBudgetIsA503AndOneWarningHoweverManyAreRefused() {
        try (SentryStub sentry = SentryStub.start();
                RunningGateway gateway = limited(
                        "sluice.limits.definitions.ai-hour.units",
                        "3",
                        "sluice.limits.definitions.ai-endpoint.units",
                        WIDE,
                        "sluice.alerts.sentry-dsn",
                        sentry.dsn())) {
            assertThat(gateway.bean(Alerts.class)).isNotNull();
            for (int call = 1; call <= 3; call++) {
                assertThat(ask(gateway).statusCode()).isEqualTo(200);
            }
            for (int call = 1; call <= 4; call++) {
                HttpResponse<byte[]> answer = ask(gateway);
                refused(answer, 503, "budget_exceeded");
                assertThat(retryAfter(answer)).isBetween(1L, 3600L);
                assertThat(answer.headers().firstValue("RateLimit"))
                        .hasValueSatisfying(field -> assertThat(field)
                                .as("what all share is not told")
                                .doesNotContain("ai-hour"));
            }
            Await.until(SOON, "the warning", () -> !sentry.events().isEmpty());
            assertThat(sentry.events()).hasSize(1);
            assertThat(sentry.events().getFirst().toString()).contains("ai-hour");
        }
    }

    @Test
    void firstViolatedLimitNamesTheErrorAndAllAreListed() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ai-day.units", "1",
                "sluice.limits.definitions.ai-endpoint.units", "1",
                "sluice.limits.definitions.ai-hour.units", "1")) {
            assertThat(ask(gateway).statusCode()).isEqualTo(200);
            HttpResponse<byte[]> answer = ask(gateway);
            refused(answer, 429, "quota_exceeded");
            assertThat(text(answer))
                    .containsSubsequence("\"limit\":\"ai-day\"", "\"limit\":\"ai-endpoint\"", "\"limit\":\"ai-hour\"");
        }
    }

    @Test
    void callsThatWereNeverMadeSpendNoBudget() {
        try (RunningGateway gateway = limited(
                "sluice.limits.definitions.ai-hour.units", "1", "sluice.limits.definitions.ai-endpoint.units", WIDE)) {
            assertThat(gateway.post(PATH, "{\"message\":\"\"}").statusCode()).isEqualTo(400);
            assertThat(ask(gateway).statusCode()).isEqualTo(200);
            refused(ask(gateway), 503, "budget_exceeded");
        }
    }
}
