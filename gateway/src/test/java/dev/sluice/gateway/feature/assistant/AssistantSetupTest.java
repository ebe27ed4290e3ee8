package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the operator sets, or does not. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class AssistantSetupTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String KEY = "sk-test-key-0123456789";
    private static final String ASK = "{\"message\":\"Hello dear echo\"}";
    private static final List<String> TALKATIVE =
            List.of("dev.sluice", "org.springframework.web", "reactor.netty.http");

    @Test
    void withoutAKeyItIsA503AndNobodyIsCalled() {
        try (GeminiStub gemini = GeminiStub.start();
                RunningGateway gateway = RunningGateway.start(
                        Map.of("sluice.assistant.base-url", gemini.baseUrl(), "sluice.assistant.api-key", " "))) {
            JsonNode problem = problem(gateway.post("/api/ai/proxy", ASK), 503);

            assertThat(problem.path("code").asString()).isEqualTo("provider_not_configured");
            assertThat(gemini.requests()).isEmpty();
        }
    }

    @Test
    void echoAnswersWithTheMessageAndSaysThatItIsOne() {
        try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.assistant.provider", "echo"))) {
            JsonNode answer = JSON.readTree(gateway.post("/api/ai/proxy", ASK).body());
            HttpResponse<byte[]> stream = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                    .header("Content-Type", "application/json")
                    .header("Accept", "text/event-stream")
                    .POST(BodyPublishers.ofString(ASK)));

            assertThat(answer.path("text").asString()).isEqualTo("Echo, no model was asked: Hello dear echo");
            assertThat(answer.path("model").asString()).isEqualTo("echo");
            assertThat(answer.path("usage").isNull()).isTrue();
            assertThat(new String(stream.body(), StandardCharsets.UTF_8).lines())
                    .filteredOn(line -> line.startsWith("event:"))
                    .containsExactly("event:text", "event:text", "event:text", "event:text", "event:done");
        }
    }

    @Test
    void echoIsRefusedInProduction() {
        Map<String, String> settings = RunningGateway.production();
        settings.put("sluice.assistant.provider", "echo");
        assertThatThrownBy(() -> RunningGateway.start(settings))
                .hasStackTraceContaining("sluice.assistant.provider: echo (expected: gemini in the profile prod)");
    }

    @Test
    void providerThatIsNotThereIsA502() {
        String nowhere;
        try (HostileOrigin gone = HostileOrigin.start()) {
            nowhere = gone.url("");
        }
        try (RunningGateway gateway =
                RunningGateway.start(Map.of("sluice.assistant.base-url", nowhere, "sluice.assistant.api-key", KEY))) {
            JsonNode problem = problem(gateway.post("/api/ai/proxy", ASK), 502);

            assertThat(problem.path("code").asString()).isEqualTo("upstream_failed");
            assertThat(problem.path("detail").asString()).isEqualTo("The provider cannot be reached.");
        }
    }

    @Test
    void callThatFindsNoFreeConnectionIsA503AndNeverSent() {
        try (GeminiStub gemini = GeminiStub.start();
                RunningGateway gateway = RunningGateway.start(Map.of(
                        "sluice.assistant.base-url",
                        gemini.baseUrl(),
                        "sluice.assistant.model",
                        GeminiStub.MODEL,
                        "sluice.assistant.api-key",
                        KEY,
                        "sluice.assistant.connections",
                        "1",
                        "sluice.assistant.connect-timeout",
                        "200ms"));
                HttpClient other = HttpClient.newHttpClient()) {
            gemini.whole(Behaviours.silent());
            HttpRequest holding = HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(ASK))
                    .build();
            var held = other.sendAsync(holding, BodyHandlers.discarding());
            Await.until(
                    Duration.ofSeconds(10),
                    "the only connection is in use",
                    () -> gemini.requests().size() == 1);

            HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

            assertThat(problem(answer, 503).path("code").asString()).isEqualTo("overloaded");
            assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(gemini.requests()).hasSize(1);
            held.cancel(true);
        }
    }

    @Test
    void keyIsInNoLineOfTheLogHoweverTalkative(CapturedOutput output) {
        try (GeminiStub gemini = GeminiStub.start();
                RunningGateway gateway = RunningGateway.start(Map.of(
                        "sluice.assistant.base-url",
                        gemini.baseUrl(),
                        "sluice.assistant.model",
                        GeminiStub.MODEL,
                        "sluice.assistant.api-key",
                        KEY))) {
            LoggingSystem logging = gateway.bean(LoggingSystem.class);
            try {
                TALKATIVE.forEach(name -> logging.setLogLevel(name, LogLevel.TRACE));
                gemini.whole(GeminiStub.json(401, GeminiStub.error(401, "What is " + KEY + "?", "")));
                problem(gateway.post("/api/ai/proxy", ASK), 502);
                gemini.whole(exchange -> {
                    exchange.write(KEY + " is no status line\r\n\r\n");
                    exchange.close();
                });
                problem(gateway.post("/api/ai/proxy", ASK), 502);
            } finally {
                TALKATIVE.forEach(name -> logging.setLogLevel(name, null));
            }
        }
        assertThat(output).contains("try failed refused").doesNotContain(KEY);
    }

    @Test
    void startThatFailsDoesNotShowTheKey(CapturedOutput output) {
        for (Map<String, String> settings : List.of(
                Map.of("sluice.assistant.api-key", KEY, "sluice.assistant.connections", "0"),
                Map.of("sluice.assistant.api-key", KEY, "sluice.assistant.model", "a/b"),
                Map.of("sluice.assistant.api-key", KEY + " with a blank"))) {
            assertThatThrownBy(() -> RunningGateway.start(settings))
                    .satisfies(failure -> assertThat(failure).hasStackTraceContaining("(expected: "));
        }
        assertThat(output).contains("(expected: ").doesNotContain(KEY);
    }

    private static JsonNode problem(HttpResponse<byte[]> answer, int status) {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(new String(answer.body(), StandardCharsets.UTF_8)).doesNotContain(KEY);
        return JSON.readTree(answer.body());
    }
}
