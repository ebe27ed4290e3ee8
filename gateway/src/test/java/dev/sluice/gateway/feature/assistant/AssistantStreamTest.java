package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One answer as events: as they come, to the end that they have. */
@ExtendWith(NoLeaks.class)
class AssistantStreamTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String ASK = "{\"message\":\"Hello\"}";

    private record Event(String name, JsonNode data) {}

    private static GeminiStub gemini;
    private static RunningGateway gateway;
    private static HttpClient client;

    @BeforeAll
    static void start() {
        gemini = GeminiStub.start();
        gateway = RunningGateway.start(Map.of(
                "sluice.assistant.base-url", gemini.baseUrl(),
                "sluice.assistant.model", GeminiStub.MODEL,
                "sluice.assistant.api-key", "sk-test-key-0123456789",
                "sluice.assistant.deadline", "6s",
                "sluice.assistant.try-timeout", "2s",
                "sluice.assistant.idle-timeout", "1s",
                "sluice.assistant.max-answer", "16KB"));
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        // A call that loads its classes may take a busy machine longer than a try has, and is tried again then.
        gemini.streamed(GeminiStub.events(GeminiStub.answer("Hi", "STOP")));
        gateway.send(ask("text/event-stream"));
    }

    @AfterAll
    static void stop() {
        client.close();
        gateway.close();
        gemini.close();
    }

    @Test
    void textComesInPiecesAndTheLastEventSaysWhatItCost() {
        gemini.streamed(
                GeminiStub.events(GeminiStub.part("Grüß"), GeminiStub.part(" Gott"), GeminiStub.answer("!", "STOP")));

        HttpResponse<byte[]> answer = gateway.send(ask("text/event-stream"));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).get().asString().startsWith("text/event-stream");
        assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-cache, no-transform");
        assertThat(answer.headers().firstValue("X-Accel-Buffering")).hasValue("no");
        assertThat(events(answer))
                .containsExactly(
                        event("text", "{\"text\":\"Grüß\"}"),
                        event("text", "{\"text\":\" Gott\"}"),
                        event("text", "{\"text\":\"!\"}"),
                        event("done", """
                                {"model":"gemini-test-001","finishReason":"STOP",
                                 "usage":{"promptTokens":7,"outputTokens":5,"totalTokens":12}}"""));
        assertThat(gemini.lastRequest().path()).isEqualTo("/v1/models/gemini-test:streamGenerateContent?alt=sse");
    }

    @Test
    void eventReachesTheClientBeforeTheNextIsWritten() throws Exception {
        CountDownLatch firstIsRead = new CountDownLatch(1);
        gemini.streamed(exchange -> {
            GeminiStub.streamHead(exchange);
            GeminiStub.event(exchange, GeminiStub.part("first"));
            if (firstIsRead.await(SOON.toSeconds(), TimeUnit.SECONDS)) {
                GeminiStub.event(exchange, GeminiStub.answer("second", "STOP"));
                GeminiStub.streamEnd(exchange);
            }
        });

        HttpResponse<InputStream> answer = client.send(ask("text/event-stream").build(), BodyHandlers.ofInputStream());

        try (BufferedReader lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).isEqualTo("event:text");
            assertThat(lines.readLine()).contains("first");
            firstIsRead.countDown();
            assertThat(lines.lines()).anyMatch(line -> line.contains("second")).contains("event:done");
        }
    }

    @Test
    void clientThatLeavesCutsTheProvidersConnection() throws Exception {
        gemini.streamed(exchange -> {
            GeminiStub.streamHead(exchange);
            while (true) {
                GeminiStub.event(exchange, GeminiStub.part("and on"));
                exchange.pause(Duration.ofMillis(20));
            }
        });

        HttpResponse<InputStream> answer = client.send(ask("text/event-stream").build(), BodyHandlers.ofInputStream());
        OriginExchange seen = gemini.lastRequest();
        try (InputStream body = answer.body()) {
            assertThat(body.read()).isNotNegative();
            assertThat(seen.connection().isClosed()).isFalse();
        }

        Await.until(SOON, "the provider's connection is closed", seen.connection()::isClosed);
    }

    @Test
    void clientThatLeavesASilentProviderCutsItsConnectionToo() throws Exception {
        gemini.streamed(GeminiStub.eventsThenSilence(GeminiStub.part("once")));

        HttpResponse<InputStream> answer = client.send(ask("text/event-stream").build(), BodyHandlers.ofInputStream());
        OriginExchange seen = gemini.lastRequest();
        answer.body().close();

        Await.until(SOON, "the provider's connection is closed", seen.connection()::isClosed);
    }

    static Stream<Arguments> earlyFailures() {
        return Stream.of(
                Arguments.of("429", GeminiStub.json(429, "{}", "Retry-After: 5"), 503, "provider_busy", 1),
                Arguments.of("5xx twice", GeminiStub.json(503, "{}"), 502, "upstream_failed", 2),
                Arguments.of("400", GeminiStub.json(400, "{}"), 502, "upstream_failed", 1),
                Arguments.of("no stream", GeminiStub.text("Hi"), 502, "upstream_failed", 1),
                Arguments.of("garbage", GeminiStub.events("gar{bage"), 502, "upstream_failed", 1),
                Arguments.of("nothing", GeminiStub.events(), 502, "upstream_failed", 1),
                Arguments.of("hangs", Behaviours.silent(), 504, "upstream_timeout", 2),
                Arguments.of("hangs after the head", GeminiStub.eventsThenSilence(), 504, "upstream_timeout", 2),
                Arguments.of("hangs after a byte", bytesThenSilence("d"), 504, "upstream_timeout", 1),
                Arguments.of("breaks after a byte", bytesThenClose("d"), 502, "upstream_failed", 1),
                Arguments.of(
                        "blocked",
                        GeminiStub.events("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}"),
                        422,
                        "prompt_rejected",
                        1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("earlyFailures")
    void errorBeforeTheFirstEventIsAProblem(String what, Behaviour behaviour, int status, String code, int calls) {
        gemini.streamed(behaviour);
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.send(ask("text/event-stream"));

        assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo(code);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(gemini.requests()).hasSize(before + calls);
    }

    static Stream<Arguments> lateFailures() {
        String part = GeminiStub.part("Once upon");
        return Stream.of(
                Arguments.of("hangs", GeminiStub.eventsThenSilence(part), "upstream_timeout"),
                Arguments.of("breaks", GeminiStub.eventsThenReset(part), "upstream_failed"),
                Arguments.of("stops without an end", GeminiStub.events(part), "upstream_failed"),
                Arguments.of("garbage", GeminiStub.events(part, "gar{bage"), "upstream_failed"),
                Arguments.of("an error", GeminiStub.events(part, GeminiStub.error(503, "Oh.", "")), "upstream_failed"),
                Arguments.of("busy", GeminiStub.events(part, GeminiStub.error(429, "Oh.", "")), "provider_busy"),
                Arguments.of(
                        "too large", GeminiStub.events(part, GeminiStub.part("x".repeat(17_000))), "upstream_failed"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("lateFailures")
    void errorAfterTheFirstEventIsTheLastEventAndNobodyIsAskedAgain(String what, Behaviour behaviour, String code) {
        gemini.streamed(behaviour);
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.send(ask("text/event-stream"));

        assertThat(answer.statusCode()).isEqualTo(200);
        List<Event> events = events(answer);
        assertThat(events).hasSize(2);
        assertThat(events.getFirst()).isEqualTo(event("text", "{\"text\":\"Once upon\"}"));
        assertThat(events.getLast().name()).isEqualTo("error");
        assertThat(events.getLast().data().path("code").asString()).isEqualTo(code);
        assertThat(events.getLast().data().path("error").asString()).isEqualTo(code);
        assertThat(events.getLast().data().path("detail").asString()).isNotBlank();
        assertThat(gemini.requests()).hasSize(before + 1);
    }

    @Test
    void streamThatGoesOnAndOnEndsAtTheDeadline() {
        gemini.streamed(exchange -> {
            GeminiStub.streamHead(exchange);
            while (true) {
                GeminiStub.event(exchange, GeminiStub.part("on"));
                exchange.pause(Duration.ofMillis(200));
            }
        });

        List<Event> events = events(gateway.send(ask("text/event-stream")));

        assertThat(events.getLast().name()).isEqualTo("error");
        assertThat(events.getLast().data().path("code").asString()).isEqualTo("upstream_timeout");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*/*                                           | application/json",
                "application/json                              | application/json",
                "application/json, text/event-stream           | application/json",
                "text/event-stream, application/json           | text/event-stream",
                "application/json;q=0.5, text/event-stream     | text/event-stream",
                "text/*                                        | text/event-stream"
            })
    void acceptDecidesHowTheAnswerComes(String accept, String type) {
        gemini.whole(GeminiStub.text("Hi"));
        gemini.streamed(GeminiStub.events(GeminiStub.answer("Hi", "STOP")));

        HttpResponse<byte[]> answer = gateway.send(ask(accept));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).get().asString().startsWith(type);
    }

    private static Behaviour bytesThenSilence(String bytes) {
        return exchange -> {
            GeminiStub.streamHead(exchange);
            exchange.chunk(bytes.getBytes(StandardCharsets.UTF_8));
            exchange.hang();
        };
    }

    private static Behaviour bytesThenClose(String bytes) {
        return exchange -> {
            GeminiStub.streamHead(exchange);
            exchange.chunk(bytes.getBytes(StandardCharsets.UTF_8));
            exchange.close();
        };
    }

    private static HttpRequest.Builder ask(String accept) {
        return HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                .header("Content-Type", "application/json")
                .header("Accept", accept)
                .POST(BodyPublishers.ofString(ASK));
    }

    private static Event event(String name, String data) {
        return new Event(name, JSON.readTree(data));
    }

    private static List<Event> events(HttpResponse<byte[]> answer) {
        List<Event> events = new ArrayList<>();
        String name = "";
        for (String line :
                new String(answer.body(), StandardCharsets.UTF_8).lines().toList()) {
            if (line.startsWith("event:")) {
                name = line.substring("event:".length());
            } else if (line.startsWith("data:")) {
                events.add(event(name, line.substring("data:".length())));
            }
        }
        return events;
    }
}
