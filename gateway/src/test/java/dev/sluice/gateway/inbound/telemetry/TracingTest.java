package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.GeminiStub;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.TraceCollector;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Traces, as a collector receives them. */
@ExtendWith(OutputCaptureExtension.class)
class TracingTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String ENDPOINT = "management.opentelemetry.tracing.export.otlp.endpoint";
    private static final String STRANGERS_TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String STRANGERS_SPAN = "b7ad6b7169203331";
    private static final String RECORDED = "00-" + STRANGERS_TRACE + "-" + STRANGERS_SPAN + "-01";
    private static final ByteString NO_PARENT = ByteString.EMPTY;

    private static Map<String, String> tracing(TraceCollector collector, String... more) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put(ENDPOINT, collector.endpoint());
        all.put("sluice.pictures.decoder", "in-process"); // starts sooner
        all.put("management.opentelemetry.tracing.export.schedule-delay", "20ms");
        all.put("management.tracing.sampling.probability", "1.0");
        for (int index = 0; index < more.length; index += 2) {
            all.put(more[index], more[index + 1]);
        }
        return all;
    }

    private static Span await(TraceCollector collector, String name) {
        Await.until(
                SOON,
                "a span " + name,
                () -> collector.spans().stream().anyMatch(span -> span.getName().equals(name)));
        return named(collector, name);
    }

    private static Span named(TraceCollector collector, String name) {
        return collector.spans().stream()
                .filter(span -> span.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> attributes(Span span) {
        return span.getAttributesList().stream()
                .collect(Collectors.toMap(
                        KeyValue::getKey, value -> switch (value.getValue().getValueCase()) {
                            case INT_VALUE -> Long.toString(value.getValue().getIntValue());
                            case BOOL_VALUE -> Boolean.toString(value.getValue().getBoolValue());
                            default -> value.getValue().getStringValue();
                        }));
    }

    private static HttpRequest.Builder withTraceParent(RunningGateway gateway, String path) {
        return HttpRequest.newBuilder(gateway.uri(path)).header("traceparent", RECORDED);
    }

    private static JsonNode json(HttpResponse<byte[]> answer) {
        return JsonMapper.shared().readTree(answer.body());
    }

    @Test
    void archiveIsATraceWithItsDecisionAndItsFetch() {
        try (TraceCollector collector = TraceCollector.start();
                EmbeddedRedis redis = EmbeddedRedis.start();
                HostileOrigin origin = HostileOrigin.start()
                        .on("/a.png?signature=secret-one", Behaviours.image(Pictures.png(1_000)))) {
            Map<String, String> settings = tracing(
                    collector,
                    "sluice.redis.url",
                    redis.url(),
                    // On a busy machine an answer is late, and no archive is begun.
                    "sluice.redis.command-timeout",
                    "2s",
                    "sluice.limits.enabled",
                    "true");
            try (RunningGateway gateway = RunningGateway.start(origin, settings)) {
                String url = origin.url("/a.png?signature=secret-one");
                assertThat(gateway.post("/api/zip", "{\"images\":[{\"url\":\"" + url + "\"}]}")
                                .statusCode())
                        .isEqualTo(200);

                Span request = await(collector, "POST /api/zip");
                assertThat(request.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
                assertThat(request.getParentSpanId()).isEqualTo(NO_PARENT);
                assertThat(attributes(request))
                        .containsEntry("http.request.method", "POST")
                        .containsEntry("http.route", "/api/zip")
                        .containsEntry("http.response.status_code", "200")
                        .containsEntry("url.scheme", "http")
                        .doesNotContainKeys("url.path", "url.query", "url.full");

                Span decision = await(collector, "EVALSHA");
                assertThat(decision.getParentSpanId()).isEqualTo(request.getSpanId());
                assertThat(attributes(decision))
                        .containsEntry("db.system.name", "redis")
                        .containsEntry("sluice.limits.policy", "archive")
                        .containsEntry("sluice.limits.outcome", "admitted");

                Span fetch = await(collector, "GET");
                assertThat(fetch.getParentSpanId()).isEqualTo(request.getSpanId());
                assertThat(fetch.getTraceId()).isEqualTo(request.getTraceId());
                assertThat(fetch.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_CLIENT);
                assertThat(attributes(fetch))
                        .containsEntry(
                                "server.address", origin.address().getAddress().getHostAddress())
                        .containsEntry("server.port", Integer.toString(origin.port()))
                        .containsEntry("http.response.status_code", "200");
                assertThat(origin.requests()).allSatisfy(sent -> {
                    assertThat(sent.header("traceparent")).isEmpty();
                    assertThat(sent.header("tracestate")).isEmpty();
                    assertThat(sent.header("baggage")).isEmpty();
                });
            }
            assertThat(collector.received().toString()).doesNotContain("secret", "/a.png");
        }
    }

    @Test
    void modelAndDatabaseAreSeenAndWhatWasSaidIsNot() {
        try (TraceCollector collector = TraceCollector.start();
                GeminiStub gemini = GeminiStub.start()) {
            gemini.whole(GeminiStub.text("a secret answer"));
            Map<String, String> settings = tracing(
                    collector,
                    "sluice.assistant.base-url",
                    gemini.baseUrl(),
                    "sluice.assistant.model",
                    GeminiStub.MODEL,
                    "sluice.assistant.api-key",
                    "secret-key");
            try (RunningGateway gateway = RunningGateway.start(settings)) {
                String token = gateway.signIn("alice@example.org");
                assertThat(gateway.send(HttpRequest.newBuilder(gateway.uri("/api/ai/proxy"))
                                        .header("Authorization", "Bearer " + token)
                                        .header("Content-Type", "application/json")
                                        .POST(HttpRequest.BodyPublishers.ofString("{\"message\":\"a secret prompt\"}")))
                                .statusCode())
                        .isEqualTo(200);
                assertThat(gateway.send(HttpRequest.newBuilder(gateway.uri("/api/images"))
                                        .header("Authorization", "Bearer " + token))
                                .statusCode())
                        .isEqualTo(200);

                Span request = await(collector, "POST /api/ai/proxy");
                Span chat = await(collector, "chat " + GeminiStub.MODEL);
                assertThat(chat.getParentSpanId()).isEqualTo(request.getSpanId());
                assertThat(attributes(chat))
                        .containsEntry("gen_ai.operation.name", "chat")
                        .containsEntry("gen_ai.provider.name", "gcp.gemini")
                        .containsEntry("gen_ai.response.model", "gemini-test-001")
                        .containsEntry("gen_ai.usage.input_tokens", "7")
                        .containsEntry("gen_ai.usage.output_tokens", "5");
                Span call = await(collector, "POST");
                assertThat(call.getParentSpanId()).isEqualTo(chat.getSpanId());
                assertThat(attributes(call)).containsEntry("http.response.status_code", "200");
                assertThat(gemini.requests())
                        .allSatisfy(
                                sent -> assertThat(sent.header("traceparent")).isEmpty());

                Span list = await(collector, "GET /api/images");
                Span query = await(collector, "h2database");
                assertThat(query.getTraceId()).isEqualTo(list.getTraceId());
                assertThat(query.getParentSpanId()).isEqualTo(list.getSpanId());
                assertThat(attributes(query)).containsEntry("db.system.name", "h2database");
            }
            assertThat(collector.received().toString()).doesNotContain("secret", "alice");
        }
    }

    @Test
    void pathOfARequestIsNotInItsSpan() {
        try (TraceCollector collector = TraceCollector.start()) {
            try (RunningGateway gateway = RunningGateway.start(tracing(collector))) {
                gateway.get("/api/zip/links/secret-token?sig=secret-signature");
                gateway.get("/secret-path/alice@example.org");
                assertThat(attributes(await(collector, "GET /api/zip/links/{token}")))
                        .containsEntry("http.response.status_code", "404");
                await(collector, "GET");
            }
            assertThat(collector.received().toString()).doesNotContain("secret", "alice");
        }
    }

    @Test
    void failedRequestIsAnErrorByItsStatusAlone() {
        try (TraceCollector collector = TraceCollector.start();
                HostileOrigin origin = HostileOrigin.start().on("/gone.png", exchange -> exchange.head(404));
                RunningGateway gateway = RunningGateway.start(origin, tracing(collector))) {
            String url = origin.url("/gone.png");
            assertThat(gateway.post("/api/zip", "{\"onError\":\"fail\",\"images\":[{\"url\":\"" + url + "\"}]}")
                            .statusCode())
                    .isEqualTo(502);
            Span request = await(collector, "POST /api/zip");
            assertThat(request.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
            assertThat(request.getStatus().getMessage()).isEmpty();
            assertThat(attributes(request)).containsEntry("error.type", "502");
            Span fetch = await(collector, "GET");
            assertThat(attributes(fetch)).containsEntry("http.response.status_code", "404");
        }
    }

    @Test
    void traceIsNamedInTheLogAndInProblems(CapturedOutput output) {
        try (TraceCollector collector = TraceCollector.start();
                RunningGateway gateway =
                        RunningGateway.start(tracing(collector, "logging.level.dev.sluice.access", "info"))) {
            String trace = json(gateway.get("/nowhere")).path("traceId").asString();
            assertThat(trace).matches("[0-9a-f]{32}");
            Await.until(SOON, "the line", () -> output.getOut().contains(" traceId=" + trace));
            assertThat(TraceCollector.traceId(await(collector, "GET"))).isEqualTo(trace);
        }
    }

    @Test
    void strangerDoesNotDecideWhatIsRecorded() {
        try (TraceCollector collector = TraceCollector.start()) {
            try (RunningGateway gateway =
                    RunningGateway.start(tracing(collector, "management.tracing.sampling.probability", "0.0"))) {
                for (int sent = 0; sent < 20; sent++) {
                    assertThat(json(gateway.send(withTraceParent(gateway, "/nowhere")))
                                    .path("traceId")
                                    .asString())
                            .hasSize(32)
                            .isNotEqualTo(STRANGERS_TRACE);
                }
            }
            // What waited was sent when the gateway ended.
            assertThat(collector.spans()).isEmpty();
        }
    }

    @Test
    void proxyThatIsTrustedWithItIsJoined() {
        try (TraceCollector collector = TraceCollector.start();
                RunningGateway gateway = RunningGateway.start(tracing(
                        collector,
                        "management.tracing.sampling.probability",
                        "0.0",
                        "sluice.trusted-proxies",
                        "127.0.0.1",
                        "sluice.tracing.join-trusted-proxies",
                        "true"))) {
            assertThat(json(gateway.send(withTraceParent(gateway, "/nowhere")))
                            .path("traceId")
                            .asString())
                    .isEqualTo(STRANGERS_TRACE);
            Span joined = await(collector, "GET");
            assertThat(TraceCollector.traceId(joined)).isEqualTo(STRANGERS_TRACE);
            assertThat(joined.getParentSpanId()).isEqualTo(ByteString.fromHex(STRANGERS_SPAN));
        }
    }

    @Test
    void trustedProxyAloneIsNotJoined() {
        try (TraceCollector collector = TraceCollector.start();
                RunningGateway gateway =
                        RunningGateway.start(tracing(collector, "sluice.trusted-proxies", "127.0.0.1"))) {
            assertThat(json(gateway.send(withTraceParent(gateway, "/nowhere")))
                            .path("traceId")
                            .asString())
                    .hasSize(32)
                    .isNotEqualTo(STRANGERS_TRACE);
        }
    }

    @Test
    void withoutAnEndpointNothingOfItIsThere() {
        try (RunningGateway gateway = RunningGateway.start(Map.of())) {
            for (Class<?> part :
                    List.of(OpenTelemetry.class, SpanProcessor.class, SpanExporter.class, RequestTraces.class)) {
                assertThatThrownBy(() -> gateway.bean(part)).isInstanceOf(NoSuchBeanDefinitionException.class);
            }
            assertThat(json(gateway.send(withTraceParent(gateway, "/nowhere"))).has("traceId"))
                    .isFalse();
        }
    }

    @Test
    void switchedOffItIsOffDespiteAnEndpoint() {
        try (TraceCollector collector = TraceCollector.start();
                RunningGateway gateway =
                        RunningGateway.start(tracing(collector, "management.tracing.export.enabled", "false"))) {
            assertThatThrownBy(() -> gateway.bean(SpanProcessor.class))
                    .isInstanceOf(NoSuchBeanDefinitionException.class);
        }
    }

    @Test
    void collectorThatFailsIsOneLineAndOneWhenItIsBack(CapturedOutput output) {
        try (TraceCollector collector = TraceCollector.start();
                RunningGateway gateway = RunningGateway.start(
                        tracing(collector, "logging.level." + ReportingExporter.class.getName(), "info"))) {
            collector.answer(500);
            for (int export = 1; export <= 5; export++) {
                int before = collector.requests();
                assertThat(gateway.get("/nowhere").statusCode()).isEqualTo(404);
                Await.until(SOON, "an export", () -> collector.requests() > before);
            }
            collector.answer(200);
            Await.until(SOON, "the collector's return", () -> {
                gateway.get("/nowhere");
                return output.getOut().contains("The collector takes traces again");
            });
            assertThat(output.getOut().lines().filter(line -> line.contains("ollector does not take traces")))
                    .hasSize(1);
            assertThat(output.getOut()).doesNotContain("Failed to export", "\tat io.opentelemetry");
        }
    }

    @Test
    void collectorThatDoesNotAnswerHoldsUpNoRequest() {
        try (TraceCollector collector = TraceCollector.start();
                RunningGateway gateway = RunningGateway.start(tracing(
                        collector,
                        "management.opentelemetry.tracing.export.max-queue-size",
                        "16",
                        "management.opentelemetry.tracing.export.max-batch-size",
                        "8"))) {
            collector.hold();
            for (int sent = 0; sent < 100; sent++) {
                assertThat(gateway.get("/nowhere").statusCode()).isEqualTo(404);
            }
            Await.until(SOON, "an export", () -> collector.requests() > 0);
            assertThat(collector.requests()).isEqualTo(1);
            collector.release();
            await(collector, "GET");
        }
    }
}
