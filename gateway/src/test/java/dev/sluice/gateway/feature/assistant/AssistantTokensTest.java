package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tokens are reserved before a call, and settled to what the provider counted. Every test has users of its own. */
@ExtendWith(NoLeaks.class)
class AssistantTokensTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String ASK = "{\"message\":\"x\"}";

    private static final int BUDGET = 1000;
    /** Of one call that asks {@link #ASK}: 10 for what is sent, 100 for the answer. */
    private static final int ESTIMATE = 110;
    /** What {@link GeminiStub} counts. */
    private static final int COUNTED = 12;

    private static GeminiStub gemini;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        gemini = GeminiStub.start();
        gateway = limited();
    }

    @AfterAll
    static void stop() {
        gateway.close();
        gemini.close();
    }

    private static RunningGateway limited(String... settings) {
        Map<String, String> all = new HashMap<>();
        all.put("sluice.limits.enabled", "true");
        all.put("sluice.pictures.decoder", "in-process"); // starts sooner
        all.put("sluice.limits.definitions.ip.burst", "100000");
        all.put("sluice.limits.definitions.user.burst", "100000");
        all.put("sluice.limits.definitions.ai-endpoint.units", "100000");
        all.put("sluice.limits.definitions.ai-day-tokens.units", "" + BUDGET);
        all.put("sluice.assistant.max-output-tokens", "100");
        all.put("sluice.assistant.api-key", "secret-key");
        all.put("sluice.assistant.base-url", gemini.baseUrl());
        all.put("sluice.assistant.model", GeminiStub.MODEL);
        all.put("sluice.assistant.retry-pause", "1ms");
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return RunningGateway.start(all);
    }

    private static HttpRequest.Builder asking(RunningGateway at, String user, String body) {
        return HttpRequest.newBuilder(at.uri("/api/ai/proxy"))
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer " + at.signIn(user))
                .POST(BodyPublishers.ofString(body));
    }

    private static HttpResponse<byte[]> ask(String user, String body) {
        return gateway.send(asking(gateway, user, body));
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private static String field(HttpResponse<byte[]> answer) {
        return answer.headers().firstValue("RateLimit").orElseThrow();
    }

    /** What the user has left of the budget. */
    private static long left(String user) {
        HttpResponse<byte[]> session = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session"))
                .header("Authorization", "Bearer " + gateway.signIn(user)));
        for (JsonNode limit : JSON.readTree(session.body()).path("limits")) {
            if (limit.path("limit").asString().equals("ai-day-tokens")) {
                return limit.path("remaining").asLong();
            }
        }
        throw new AssertionError(text(session));
    }

    @Test
    void tokensAreReservedBeforeTheCallAndSettledToWhatTheProviderCounted() {
        gemini.whole(GeminiStub.text("Hi"));

        HttpResponse<byte[]> answer = ask("alice", ASK);

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(200);
        assertThat(field(answer)).contains("\"ai-day-tokens\";r=" + (BUDGET - ESTIMATE) + ";t=");
        assertThat(left("alice")).isEqualTo(BUDGET - COUNTED);
    }

    @Test
    void callThatMayCostMoreThanIsLeftIsRefusedAndAsksNobody() {
        gemini.whole(GeminiStub.text("Hi"));
        assertThat(ask("bob", ASK).statusCode()).isEqualTo(200);
        int calls = gemini.requests().size();
        String long900 = "{\"message\":\"" + "x".repeat(900) + "\"}";

        HttpResponse<byte[]> answer = ask("bob", long900);

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(429);
        assertThat(text(answer)).contains("\"code\":\"quota_exceeded\"", "\"limit\":\"ai-day-tokens\"");
        assertThat(answer.headers().firstValueAsLong("Retry-After").orElseThrow())
                .isBetween(1L, 86_400L);
        assertThat(field(answer)).contains("\"ai-day-tokens\";r=" + (BUDGET - COUNTED) + ";t=");
        assertThat(gemini.requests()).hasSize(calls);
        assertThat(ask("bob", long900.replace("{", "{\"generationConfig\":{\"maxOutputTokens\":10},"))
                        .statusCode())
                .as("a shorter answer has room")
                .isEqualTo(200);
    }

    @Test
    void pictureOfAFewBytesIsNoCheapCall() {
        String picture =
                "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"iVBORw0K\"}}]}]}";
        gemini.whole(GeminiStub.text("Hi"));
        assertThat(ask("carol", ASK).statusCode()).isEqualTo(200);

        assertThat(text(ask("carol", picture))).contains("\"limit\":\"ai-day-tokens\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"video/mp4", "audio/flac", "application/pdf", "text/plain", "image/gif", ""})
    void whatCannotBeJudgedByItsSizeIsRefused(String type) {
        HttpResponse<byte[]> answer = ask(
                "dave",
                "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"" + type + "\",\"data\":\"AAAA\"}}]}]}");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(text(answer)).contains("\"member\":\"contents[0].parts[0].inlineData.mimeType\"");
        assertThat(left("dave")).isEqualTo(BUDGET);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"message\":\"\"}", "{", "{\"message\":\"x\",\"unknown\":1,\"contents\":[]}"})
    void malformedRequestSpendsNothing(String body) {
        assertThat(ask("erin", body).statusCode()).isEqualTo(400);
        assertThat(left("erin")).isEqualTo(BUDGET);
    }

    @Test
    void refusalOfTheProviderCostsNothing() {
        gemini.whole(GeminiStub.json(503, "{}"));
        assertThat(ask("frank", ASK).statusCode()).isEqualTo(502);
        gemini.whole(GeminiStub.json(429, "{}"));
        assertThat(ask("frank", ASK).statusCode()).isEqualTo(503);

        assertThat(left("frank")).isEqualTo(BUDGET);
    }

    @Test
    void triesWhoseCostNobodyKnowsCostWhatTheyMayHaveCost() {
        gemini.whole(Behaviours.silent());
        try (RunningGateway impatient =
                limited("sluice.assistant.deadline", "4s", "sluice.assistant.try-timeout", "2s")) {
            HttpResponse<byte[]> answer = impatient.send(asking(impatient, "grace", ASK));
            assertThat(answer.statusCode()).as(text(answer)).isEqualTo(504);
            gemini.whole(GeminiStub.text("Hi"));

            assertThat(field(impatient.send(asking(impatient, "grace", ASK))))
                    .contains("\"ai-day-tokens\";r=" + (BUDGET - 3 * ESTIMATE) + ";t=");
        }
    }

    @Test
    void callThatReachesNobodyGivesItsTokensBack() {
        try (RunningGateway alone = limited("sluice.assistant.base-url", "http://127.0.0.1:1")) {
            assertThat(alone.send(asking(alone, "heidi", ASK)).statusCode()).isEqualTo(502);
            assertThat(field(alone.send(asking(alone, "heidi", ASK))))
                    .contains("\"ai-day-tokens\";r=" + (BUDGET - ESTIMATE) + ";t=");
        }
    }

    @Test
    void streamIsSettledToWhatTheProviderCounted() {
        gemini.streamed(GeminiStub.events(GeminiStub.part("Once "), GeminiStub.answer("upon", "STOP")));

        HttpResponse<byte[]> answer = gateway.send(asking(gateway, "ivan", ASK).header("Accept", "text/event-stream"));

        assertThat(text(answer)).contains("event:done");
        assertThat(left("ivan")).isEqualTo(BUDGET - COUNTED);
    }

    @Test
    void readerWhoLeavesHasSpentWhatIsKnownOfTheAnswer() throws Exception {
        String counted = GeminiStub.part("Once ")
                .replaceFirst("\\{", "{\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":20},");
        leaveAfter("judy", counted);
        Await.until(SOON, "the request is settled", () -> left("judy") == BUDGET - 27);
    }

    @Test
    void readerWhoLeavesAnAnswerThatNobodyCountedHasSpentAllThatItMayHaveCost() throws Exception {
        leaveAfter("kate", GeminiStub.part("Once "));
        assertThat(left("kate")).isEqualTo(BUDGET - ESTIMATE);
    }

    /** Until the gateway has noticed and has let go of the provider. */
    private static void leaveAfter(String user, String event) throws IOException, InterruptedException {
        gemini.streamed(GeminiStub.eventsThenSilence(event));
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            HttpResponse<InputStream> answer = client.send(
                    asking(gateway, user, ASK)
                            .header("Accept", "text/event-stream")
                            .build(),
                    BodyHandlers.ofInputStream());
            assertThat(answer.body().read()).isPositive();
            OriginExchange seen = gemini.lastRequest();
            answer.body().close();
            Await.until(SOON, "the provider's connection is closed", seen.connection()::isClosed);
        }
    }

    @Test
    void allCallersShareTheTokensOfAnHourAndAreNotToldHowMany() {
        gemini.whole(GeminiStub.text("Hi"));
        try (RunningGateway small = limited("sluice.limits.definitions.ai-hour-tokens.units", "115")) {
            assertThat(small.send(asking(small, "alice", ASK)).statusCode()).isEqualTo(200);

            HttpResponse<byte[]> answer = small.send(asking(small, "bob", ASK));
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(text(answer)).contains("\"code\":\"budget_exceeded\"", "\"limit\":\"ai-hour-tokens\"");
            assertThat(field(answer)).doesNotContain("ai-hour");
        }
    }

    @ParameterizedTest
    @CsvSource({"anonymous-ai, 1", "anonymous-tokens, 115"})
    void cookiesOfOneAddressShareItsCallsAndTokens(String limit, String units) {
        gemini.whole(GeminiStub.text("Hi"));
        try (RunningGateway open = limited("sluice.limits.definitions." + limit + ".units", units)) {
            HttpRequest.Builder nobody = HttpRequest.newBuilder(open.uri("/api/ai/proxy"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(ASK));
            assertThat(open.send(nobody).statusCode()).isEqualTo(200);

            assertThat(text(open.send(nobody))).contains("\"limit\":\"" + limit + "\"");
            assertThat(open.send(asking(open, "alice", ASK)).statusCode()).isEqualTo(200);
        }
    }
}
