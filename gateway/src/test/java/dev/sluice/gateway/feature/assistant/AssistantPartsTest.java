package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Answers that a provider ends before they are whole, or writes in several calls or odd lines. */
@ExtendWith(NoLeaks.class)
class AssistantPartsTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String ASK = "{\"message\":\"Hello\",\"generationConfig\":{\"temperature\":0.5}}";

    private static GeminiStub gemini;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        gemini = GeminiStub.start();
        gateway = RunningGateway.start(Map.of(
                "sluice.assistant.base-url",
                gemini.baseUrl(),
                "sluice.assistant.model",
                GeminiStub.MODEL,
                "sluice.assistant.api-key",
                "sk-test-key-0123456789",
                "sluice.assistant.max-output-tokens",
                "12"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
        gemini.close();
    }

    @Test
    void answerThatIsContinuedIsAskedOnAndIsOneAnswer() {
        gemini.whole(Behaviours.failing(
                1, GeminiStub.json(200, GeminiStub.toBeContinued("Once upon", "dG9r")), GeminiStub.text(" a time.")));
        int before = gemini.bodies().size();

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertThat(JSON.readTree(answer.body())).isEqualTo(JSON.readTree("""
                        {"text":"Once upon a time.","model":"gemini-test-001","finishReason":"STOP",
                         "usage":{"promptTokens":14,"outputTokens":10,"totalTokens":24}}"""));
        List<String> bodies = gemini.bodies().subList(before, gemini.bodies().size());
        String contents = "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hello\"}]}]";
        assertThat(bodies)
                .map(JSON::readTree)
                .containsExactly(
                        JSON.readTree(
                                "{" + contents + ",\"generationConfig\":{\"temperature\":0.5,\"maxOutputTokens\":12}}"),
                        JSON.readTree("{" + contents
                                + ",\"generationConfig\":{\"temperature\":0.5,\"maxOutputTokens\":7},"
                                + "\"continuationToken\":\"dG9r\"}"));
    }

    @Test
    void streamThatIsContinuedIsOneStream() {
        gemini.streamed(Behaviours.failing(
                1,
                GeminiStub.events(GeminiStub.part("Once"), GeminiStub.toBeContinued(" upon", "dG9r")),
                GeminiStub.events(GeminiStub.answer(" a time.", "STOP"))));

        assertThat(lines(streamed()))
                .containsExactly(
                        "event:text",
                        "data:{\"text\":\"Once\"}",
                        "event:text",
                        "data:{\"text\":\" upon\"}",
                        "event:text",
                        "data:{\"text\":\" a time.\"}",
                        "event:done",
                        "data:{\"model\":\"gemini-test-001\",\"usage\":{\"promptTokens\":14,\"outputTokens\":10,"
                                + "\"totalTokens\":24},\"finishReason\":\"STOP\"}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"SOMETHING_NEW", "FINISH_REASON_UNSPECIFIED", "SAFETY", "OTHER", "MODEL_ARMOR", "ESCALATION"})
    void partIsNeverToldAsTheWhole(String finishReason) {
        gemini.whole(GeminiStub.json(200, GeminiStub.answer("Once upon", finishReason)));
        gemini.streamed(GeminiStub.events(GeminiStub.answer("Once upon", finishReason)));

        JsonNode problem = JSON.readTree(problem(gateway.post("/api/ai/proxy", ASK), 502, "answer_incomplete"));
        List<String> events = lines(streamed());

        assertThat(problem.path("text").asString()).isEqualTo("Once upon");
        assertThat(problem.path("detail").asString()).contains(finishReason);
        assertThat(events)
                .contains("data:{\"text\":\"Once upon\"}", "event:error")
                .doesNotContain("event:done");
        assertThat(events.getLast()).contains("\"code\":\"answer_incomplete\"").contains(finishReason);
    }

    @Test
    void answerThatCannotBeAskedOnIsIncomplete() {
        gemini.whole(GeminiStub.json(200, GeminiStub.toBeContinued("Once upon", "")));

        byte[] problem = problem(gateway.post("/api/ai/proxy", ASK), 502, "answer_incomplete");

        assertThat(JSON.readTree(problem).path("text").asString()).isEqualTo("Once upon");
    }

    @Test
    void answerThatMayCostNoMoreIsIncompleteWithAllOfItsText() {
        gemini.whole(GeminiStub.json(200, GeminiStub.toBeContinued("on ", "dG9r")));
        int before = gemini.requests().size();

        byte[] problem = problem(gateway.post("/api/ai/proxy", ASK), 502, "answer_incomplete");

        assertThat(JSON.readTree(problem).path("text").asString()).isEqualTo("on on on ");
        assertThat(gemini.requests()).hasSize(before + 3);
    }

    @ParameterizedTest
    @CsvSource({
        "MODEL_ARMOR, 422, prompt_rejected",
        "ESCALATION, 422, prompt_rejected",
        "PUP_LIMITED_DISABLED, 502, upstream_failed",
        "IMAGE_OTHER, 502, upstream_failed",
        "SOMETHING_NEW, 502, upstream_failed"
    })
    void answerWithoutTextTellsWhy(String finishReason, int status, String code) {
        gemini.whole(GeminiStub.json(200, GeminiStub.answer("", finishReason)));

        byte[] problem = problem(gateway.post("/api/ai/proxy", ASK), status, code);

        assertThat(JSON.readTree(problem).path("detail").asString()).endsWith(": " + finishReason);
    }

    static Stream<Arguments> lineEnds() {
        String first = "data: " + GeminiStub.part("Grüß");
        String last = "data: " + GeminiStub.answer(" Gott", "STOP").replace("\n", "");
        String split = "data: {\"candidates\":[{\"content\":\ndata:{\"parts\":[{\"text\":\"Grüß\"}]}}]}";
        return Stream.of(
                Arguments.of("LF", first + "\n\n" + last + "\n\n"),
                Arguments.of("CR", first + "\r\r" + last + "\r\r"),
                Arguments.of("CR LF", first + "\r\n\r\n" + last + "\r\n\r\n"),
                Arguments.of("a byte order mark", "\ufeff" + first + "\n\n" + last + "\n\n"),
                Arguments.of("comments and other fields", ":\n" + first + "\nid: 1\n\n: on\n\n" + last + "\n\n"),
                Arguments.of("data in two lines", split + "\n\n" + last + "\n\n"),
                Arguments.of("no blank line at the end", first + "\n\n" + last));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("lineEnds")
    void eventsAreReadHoweverTheirLinesEnd(String what, String body) {
        gemini.streamed(byteByByte(body.getBytes(StandardCharsets.UTF_8)));

        assertThat(lines(streamed()))
                .startsWith(
                        "event:text",
                        "data:{\"text\":\"Grüß\"}",
                        "event:text",
                        "data:{\"text\":\" Gott\"}",
                        "event:done");
    }

    private static Behaviour byteByByte(byte[] body) {
        return exchange -> {
            GeminiStub.streamHead(exchange);
            for (byte each : body) {
                exchange.chunk(new byte[] {each});
            }
            GeminiStub.streamEnd(exchange);
        };
    }

    private static HttpResponse<byte[]> streamed() {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                .header("Content-Type", "application/json")
                .header("Accept", "text/event-stream")
                .POST(BodyPublishers.ofString(ASK)));
    }

    private static List<String> lines(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static byte[] problem(HttpResponse<byte[]> answer, int status, String code) {
        assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo(code);
        assertThat(answer.statusCode()).isEqualTo(status);
        return answer.body();
    }
}
