package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.RunningGateway;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
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
import org.springframework.http.MediaType;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.reactive.function.server.HandlerStrategies;
import org.springframework.web.reactive.function.server.ServerRequest;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One answer as JSON, and everything a provider can do instead of giving one. */
@ExtendWith(NoLeaks.class)
class AssistantTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String KEY = "sk-test-key-0123456789";
    private static final String ASK = "{\"message\":\"Hello\"}";

    private static GeminiStub gemini;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        gemini = GeminiStub.start();
        gateway = RunningGateway.start(Map.of(
                "sluice.assistant.base-url", gemini.baseUrl() + "/",
                "sluice.assistant.model", GeminiStub.MODEL,
                "sluice.assistant.api-key", KEY,
                "sluice.assistant.deadline", "5s",
                "sluice.assistant.try-timeout", "1s",
                "sluice.assistant.max-output-tokens", "100",
                "sluice.assistant.max-answer", "16KB"));
        // A call that loads its classes may take a busy machine longer than a try has, and is tried again then.
        gemini.whole(GeminiStub.text("Hi"));
        gateway.post("/api/ai/proxy", ASK);
    }

    @AfterAll
    static void stop() {
        gateway.close();
        gemini.close();
    }

    @Test
    void messageIsAnsweredWithTextModelAndUsage() {
        gemini.whole(GeminiStub.text("Hi there"));

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
        assertThat(JSON.readTree(answer.body())).isEqualTo(JSON.readTree("""
                                {"text":"Hi there","model":"gemini-test-001","finishReason":"STOP",
                                 "usage":{"promptTokens":7,"outputTokens":5,"totalTokens":12}}"""));
    }

    @Test
    void providerSeesThePromptAndTheKeyAndNothingOfTheClient() {
        gemini.whole(GeminiStub.text("Hi"));

        gateway.send(HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                .header("Content-Type", "application/json")
                .header("Cookie", "sluice_session=secret")
                .header("Authorization", "Bearer secret")
                .header("X-Client", "secret")
                .POST(BodyPublishers.ofString(ASK)));

        OriginExchange seen = gemini.lastRequest();
        assertThat(seen.path()).isEqualTo("/v1/models/gemini-test:generateContent");
        assertThat(seen.header("x-goog-api-key")).containsExactly(KEY);
        assertThat(seen.header("User-Agent")).singleElement().asString().matches("Sluice(/.+)?");
        assertThat(seen.header("Cookie")).isEmpty();
        assertThat(seen.header("Authorization")).isEmpty();
        assertThat(seen.header("X-Client")).isEmpty();
        assertThat(JSON.readTree(gemini.lastBody())).isEqualTo(JSON.readTree("""
                                {"contents":[{"role":"user","parts":[{"text":"Hello"}]}],
                                 "generationConfig":{"maxOutputTokens":100}}"""));
    }

    @Test
    void contentsPassThroughAndMayNotCostMoreThanIsAllowed() {
        gemini.whole(GeminiStub.text("Hi"));
        String contents =
                "[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]},{\"role\":\"model\",\"parts\":[{\"text\":\"b\"}]}]";

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", """
                {"contents":%s,"systemInstruction":{"parts":[{"text":"be brief"}]},
                 "generationConfig":{"temperature":0.5,"maxOutputTokens":1000000},"unknown":1}""".formatted(contents));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(gemini.lastBody())).isEqualTo(JSON.readTree("""
                                {"contents":%s,"systemInstruction":{"parts":[{"text":"be brief"}]},
                                 "generationConfig":{"temperature":0.5,"maxOutputTokens":100}}""".formatted(contents)));
    }

    static Stream<Arguments> malformed() {
        String turn = "{\"parts\":[{\"text\":\"a\"}]}";
        return Stream.of(
                Arguments.of("", "body"),
                Arguments.of("{", "body"),
                Arguments.of("[]", "body"),
                Arguments.of("{}", "message"),
                Arguments.of("{\"message\":null}", "message"),
                Arguments.of("{\"message\":\"\"}", "message"),
                Arguments.of("{\"message\":\" \\n\"}", "message"),
                Arguments.of("{\"message\":42}", "message"),
                Arguments.of("{\"message\":{}}", "message"),
                Arguments.of("{\"message\":\"a\",\"contents\":[" + turn + "]}", "contents"),
                Arguments.of("{\"contents\":\"a\"}", "contents"),
                Arguments.of("{\"contents\":[]}", "contents"),
                Arguments.of("{\"contents\":[" + turn + ",1]}", "contents[1]"),
                Arguments.of("{\"contents\":[{}]}", "contents[0].parts"),
                Arguments.of("{\"message\":\"a\",\"systemInstruction\":\"b\"}", "systemInstruction"),
                Arguments.of("{\"message\":\"a\",\"generationConfig\":[]}", "generationConfig"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"candidate_count\":8}}",
                        "generationConfig.candidate_count"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"candidate_count\":1}}",
                        "generationConfig.candidate_count"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"max_output_tokens\":1000000}}",
                        "generationConfig.max_output_tokens"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"thinkingConfig\":{\"thinking_budget\":1}}}",
                        "generationConfig.thinkingConfig.thinking_budget"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"responseModalities\":[\"IMAGE\"]}}",
                        "generationConfig.responseModalities"),
                Arguments.of("{\"message\":\"a\",\"generation_config\":{\"candidateCount\":8}}", "generation_config"),
                Arguments.of("{\"message\":\"a\",\"system_instruction\":" + turn + "}", "system_instruction"),
                Arguments.of("{\"contents\":[{\"parts\":[{\"file_data\":{}}]}]}", "contents[0].parts[0].file_data"),
                Arguments.of("{\"contents\":[{\"parts\":[{\"fileData\":{}}]}]}", "contents[0].parts[0].fileData"),
                Arguments.of("{\"contents\":[{\"parts\":[1]}]}", "contents[0].parts[0]"),
                Arguments.of("{\"message\":\"a\",\"systemInstruction\":{}}", "systemInstruction.parts"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"maxOutputTokens\":\"1000000\"}}",
                        "generationConfig.maxOutputTokens"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"candidateCount\":8}}",
                        "generationConfig.candidateCount"),
                Arguments.of(
                        "{\"message\":\"a\",\"generationConfig\":{\"maxOutputTokens\":0}}",
                        "generationConfig.maxOutputTokens"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void malformedRequestNamesTheMemberAndCallsNobody(String body, String member) {
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", body);

        JsonNode problem = assertProblem(answer, 400, "malformed_request");
        assertThat(problem.path("member").asString()).isEqualTo(member);
        assertThat(gemini.requests()).hasSize(before);
    }

    @Test
    void bodyMayHaveFiftyKilobytesAndNotOneByteMore() {
        gemini.whole(GeminiStub.text("Hi"));
        int frame = "{\"message\":\"\"}".length();

        HttpResponse<byte[]> most =
                gateway.post("/api/ai/proxy", "{\"message\":\"" + "x".repeat(51_200 - frame) + "\"}");
        HttpResponse<byte[]> more =
                gateway.post("/api/ai/proxy", "{\"message\":\"" + "x".repeat(51_201 - frame) + "\"}");

        assertThat(most.statusCode()).isEqualTo(200);
        assertProblem(more, 413, "payload_too_large");
    }

    @Test
    void otherMethodsAndTypesAreRefused() {
        assertProblem(gateway.get("/api/ai/proxy"), 405, "method_not_allowed");
        assertProblem(
                gateway.send(HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                        .header("Content-Type", "text/plain")
                        .POST(BodyPublishers.ofString("Hello"))),
                415,
                "unsupported_media_type");
    }

    @Test
    void hangingProviderIsA504AfterOneRetry() {
        gemini.whole(Behaviours.silent());
        int before = gemini.requests().size();
        double timeouts = calls("timed_out");

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertProblem(answer, 504, "upstream_timeout");
        assertThat(gemini.requests()).hasSize(before + 2);
        awaitCounted("timed_out", timeouts + 2);
    }

    @Test
    void providerThatFailsOnceIsAskedAgain() {
        gemini.whole(Behaviours.failing(1, GeminiStub.json(503, "{}"), GeminiStub.text("At last")));
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(answer.body()).path("text").asString()).isEqualTo("At last");
        assertThat(gemini.requests()).hasSize(before + 2);
    }

    @Test
    void providerThatHangsOnceIsAskedAgain() {
        gemini.whole(Behaviours.failing(1, Behaviours.silent(), GeminiStub.text("At last")));

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertThat(JSON.readTree(answer.body()).path("text").asString()).isEqualTo("At last");
    }

    static Stream<Arguments> failures() {
        String huge = GeminiStub.answer("x".repeat(20_000), "STOP");
        return Stream.of(
                failure("5xx", 2, GeminiStub.json(500, GeminiStub.error(500, "Internal.", "")), "(status 500)"),
                failure("reset", 2, Behaviours.reset(), "cannot be reached"),
                failure("403", 1, GeminiStub.json(403, GeminiStub.error(403, "No.", "")), "(status 403): No."),
                failure(
                        "403 in an array",
                        1,
                        GeminiStub.json(403, "[" + GeminiStub.error(403, "No.", "") + "]"),
                        "No."),
                failure("404 without a word", 1, GeminiStub.json(404, ""), "(status 404)"),
                failure("HTML", 1, Behaviours.body("text/html", "<html>".getBytes(StandardCharsets.UTF_8)), "be read"),
                failure("not an object", 1, GeminiStub.json(200, "[]"), "cannot be read"),
                failure("nothing", 1, GeminiStub.json(200, ""), "cannot be read"),
                failure("an empty object", 1, GeminiStub.json(200, "{}"), "no text"),
                failure("no end", 1, GeminiStub.json(200, GeminiStub.part("Hi")), "broke off"),
                failure("too large", 1, GeminiStub.json(200, huge), "larger than 16384 bytes"),
                failure("half an answer", 1, Behaviours.truncated(1000, 500), "cannot be read"),
                failure("an error as an answer", 1, GeminiStub.json(200, GeminiStub.error(500, "Oh.", "")), "Oh."),
                failure("a redirect", 1, Behaviours.redirect(302, "http://127.0.0.2/"), "(status 302)"));
    }

    private static Arguments failure(String what, int calls, Behaviour behaviour, String detail) {
        return Arguments.of(what, calls, behaviour, detail);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void everyOtherFailureIsA502(String what, int calls, Behaviour behaviour, String detail) {
        gemini.whole(behaviour);
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        JsonNode problem = assertProblem(answer, 502, "upstream_failed");
        assertThat(problem.path("detail").asString()).contains(detail);
        assertThat(gemini.requests()).hasSize(before + calls);
    }

    @Test
    void refusalTellsTheProvidersWordsWithoutTheKeyAndInBounds() {
        String words = "API key " + KEY + " not valid.\\nAsk\\tus. " + "x".repeat(2000);
        gemini.whole(GeminiStub.json(400, GeminiStub.error(400, words, ""), "X-Echo: " + KEY));

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        JsonNode problem = assertProblem(answer, 502, "upstream_failed");
        assertThat(problem.path("detail").asString())
                .startsWith("The provider refused the request (status 400): API key [key] not valid. Ask us. xxx")
                .hasSizeLessThan(400);
        assertThat(new String(answer.body(), StandardCharsets.UTF_8)).doesNotContain(KEY);
        assertThat(answer.headers().map().toString()).doesNotContain(KEY);
    }

    @Test
    void busyProviderIsA503WithItsRetryAfterAndNotAskedAgain() {
        gemini.whole(GeminiStub.json(429, GeminiStub.error(429, "Slow down.", ""), "Retry-After: 17"));
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertProblem(answer, 503, "provider_busy");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("17");
        assertThat(gemini.requests()).hasSize(before + 1);
    }

    @Test
    void busyProviderMaySayInItsBodyWhenToComeBack() {
        String retryInfo = "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34.074824224s\"}";
        gemini.whole(GeminiStub.json(429, GeminiStub.error(429, "Quota.", "{\"@type\":\"x\"}," + retryInfo)));

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertProblem(answer, 503, "provider_busy");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("35");
    }

    @Test
    void busyProviderMaySaySoInAnArray() {
        String retryInfo = "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34s\"}";
        gemini.whole(GeminiStub.json(429, "[" + GeminiStub.error(429, "Quota.", retryInfo) + "]"));

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertProblem(answer, 503, "provider_busy");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("34");
    }

    @Test
    void answerThatHasBegunIsNotGivenUpWhereNoOtherTryCanFollow() {
        byte[] whole = GeminiStub.answer("At last", "STOP").getBytes(StandardCharsets.UTF_8);
        gemini.whole(exchange -> {
            exchange.head(200, "Content-Type: application/json", "Content-Length: " + whole.length);
            exchange.write(Arrays.copyOf(whole, 10));
            exchange.pause(Duration.ofMillis(1_500));
            exchange.write(Arrays.copyOfRange(whole, 10, whole.length));
        });
        int before = gemini.requests().size();

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertThat(JSON.readTree(answer.body()).path("text").asString()).isEqualTo("At last");
        assertThat(gemini.requests()).hasSize(before + 1);
    }

    @Test
    void blockedPromptIsA422WithTheReason() {
        gemini.whole(GeminiStub.json(200, "{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"}}"));

        JsonNode problem = assertProblem(gateway.post("/api/ai/proxy", ASK), 422, "prompt_rejected");

        assertThat(problem.path("detail").asString()).contains("PROHIBITED_CONTENT");
    }

    @Test
    void withheldAnswerIsA422WithTheReason() {
        gemini.whole(GeminiStub.json(200, GeminiStub.answer("", "SAFETY")));

        JsonNode problem = assertProblem(gateway.post("/api/ai/proxy", ASK), 422, "prompt_rejected");

        assertThat(problem.path("detail").asString()).contains("SAFETY");
    }

    @Test
    void truncatedAnswerSaysSo() {
        gemini.whole(GeminiStub.json(200, GeminiStub.answer("And then", "MAX_TOKENS")));

        HttpResponse<byte[]> answer = gateway.post("/api/ai/proxy", ASK);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(answer.body()).path("finishReason").asString()).isEqualTo("MAX_TOKENS");
    }

    @Test
    void tokensAndCallsAreMetered() {
        gemini.whole(GeminiStub.text("Hi"));
        double prompt = tokens("prompt");
        double output = tokens("output");
        double ok = calls("ok");

        gateway.post("/api/ai/proxy", ASK);

        assertThat(tokens("prompt")).isEqualTo(prompt + 7);
        assertThat(tokens("output")).isEqualTo(output + 5);
        awaitCounted("ok", ok + 1);
        assertThat(gateway.bean(MeterRegistry.class)
                        .get("sluice.ai.call")
                        .timer()
                        .count())
                .isPositive();
    }

    @ParameterizedTest
    @CsvSource({"ok, 1, 12", "fails once, 2, 12", "fails always, 2, 0", "malformed, 0, 0"})
    void callsThatWereReallyMadeAreOnTheRequestsAccount(String what, long calls, long tokens) {
        gemini.whole(
                switch (what) {
                    case "fails once" -> Behaviours.failing(1, GeminiStub.json(500, "{}"), GeminiStub.text("Hi"));
                    case "fails always" -> GeminiStub.json(500, "{}");
                    default -> GeminiStub.text("Hi");
                });
        MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.post("/api/ai/proxy")
                .contentType(MediaType.APPLICATION_JSON)
                .body("malformed".equals(what) ? "{}" : ASK));
        ServerRequest request =
                ServerRequest.create(exchange, HandlerStrategies.withDefaults().messageReaders());

        StepVerifier.create(gateway.bean("assistantRoutes", FeatureRoutes.class)
                        .endpoints()
                        .getFirst()
                        .handler()
                        .handle(request)
                        .then()
                        .onErrorComplete())
                .expectComplete()
                .verify(Duration.ofSeconds(20));

        RequestUsage usage = RequestContext.of(exchange).usage();
        assertThat(usage.of(RequestUsage.CALLS)).isEqualTo(calls);
        assertThat(usage.of(RequestUsage.TOKENS)).isEqualTo(tokens);
        assertThat(usage.of(RequestUsage.IMAGES)).isZero();
    }

    /** A try is counted when it has ended, which may be just after its answer. */
    private static void awaitCounted(String outcome, double count) {
        Await.until(Duration.ofSeconds(10), "the tries are counted", () -> calls(outcome) >= count);
        assertThat(calls(outcome)).isEqualTo(count);
    }

    private static double tokens(String direction) {
        return gateway.bean(MeterRegistry.class)
                .get("sluice.ai.tokens")
                .tag("direction", direction)
                .counter()
                .count();
    }

    private static double calls(String outcome) {
        var counter = gateway.bean(MeterRegistry.class)
                .find("sluice.ai.calls")
                .tag("outcome", outcome)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private static JsonNode assertProblem(HttpResponse<byte[]> answer, int status, String code) {
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("code").asString()).isEqualTo(code);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        return problem;
    }
}
