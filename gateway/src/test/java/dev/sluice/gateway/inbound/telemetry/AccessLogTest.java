package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** One line a request, however it ends. */
@ExtendWith(OutputCaptureExtension.class)
class AccessLogTest {
    private static final Map<String, String> LOGGED = Map.of("logging.level.dev.sluice.access", "info");
    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void everyAnswerIsALineWithWhatWasSent(CapturedOutput output) {
        try (HostileOrigin origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(1_000)));
                RunningGateway gateway = RunningGateway.start(origin, LOGGED)) {
            HttpResponse<byte[]> archive = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip?secret=1"))
                    .header("X-Request-Id", "request-one")
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            "{\"images\":[{\"url\":\"" + origin.url("/a.png") + "\"}]}")));
            Await.until(SOON, "the line", () -> output.getOut().contains("requestId=request-one"));
            assertThat(output.getOut())
                    .containsPattern("POST /api/zip 200 " + archive.body().length
                            + " bytes \\d+ ms caller=ip:[0-9a-f]{24} requestId=request-one")
                    .doesNotContain("secret=1");

            HttpResponse<byte[]> unknown = gateway.get("/no%0Awhere");
            assertThat(unknown.statusCode()).isIn(400, 404);
            Await.until(
                    SOON,
                    "the line",
                    () -> output.getOut()
                            .contains(" " + unknown.statusCode() + " " + unknown.body().length + " bytes"));
        }
    }

    @Test
    void probeThatGoesWellIsNoLine(CapturedOutput output) {
        try (RunningGateway gateway = RunningGateway.start(LOGGED)) {
            for (String probe : List.of("/actuator/health", "/actuator/health/readiness", "/actuator/prometheus")) {
                assertThat(gateway.get(probe).statusCode()).isEqualTo(200);
            }
            assertThat(gateway.get("/actuator/health/nothing").statusCode()).isEqualTo(404);

            Await.until(SOON, "the line", () -> output.getOut().contains("GET /actuator/health/nothing 404"));
            assertThat(output.getOut())
                    .doesNotContain(
                            "GET /actuator/health 200",
                            "GET /actuator/health/readiness 200",
                            "GET /actuator/prometheus 200");
        }
    }

    @Test
    void filesOfTheWebAppAreLinesOnlyWhereTheyAreMissing(CapturedOutput output) {
        try (RunningGateway gateway = RunningGateway.start(LOGGED)) {
            assertThat(gateway.get("/assets/any/style.css").statusCode()).isEqualTo(200);
            assertThat(gateway.get("/assets/any/nothing.js").statusCode()).isEqualTo(404);

            Await.until(SOON, "the line", () -> output.getOut().contains("GET /assets/any/nothing.js 404"));
            assertThat(output.getOut()).doesNotContain("GET /assets/any/style.css");
        }
    }

    @Test
    void noLogHoldsTheTokenOfALink(CapturedOutput output) {
        try (RunningGateway gateway = RunningGateway.start(LOGGED)) {
            for (String path : List.of("/api/zip/links/not-for-others", "/api/zip/links/not-for-others/events")) {
                assertThat(gateway.get(path).statusCode()).isEqualTo(404);
            }
            Await.until(
                    SOON,
                    "both lines",
                    () -> output.getOut().contains("GET /api/zip/links/{token} 404")
                            && output.getOut().contains("GET /api/zip/links/{token}/events 404"));
            assertThat(output.getOut()).doesNotContain("not-for-others");
        }
    }

    @Test
    void clientThatLeavesIsALineToo(CapturedOutput output) throws IOException {
        try (HostileOrigin origin = HostileOrigin.start().on("/silent.png", Behaviours.silent());
                RunningGateway gateway = RunningGateway.start(origin, LOGGED)) {
            try (Socket client =
                    new Socket(gateway.address().getAddress(), gateway.address().getPort())) {
                byte[] body = ("{\"images\":[{\"url\":\"" + origin.url("/silent.png") + "\"}]}")
                        .getBytes(StandardCharsets.UTF_8);
                client.getOutputStream()
                        .write(("POST /api/zip HTTP/1.1\r\nHost: x\r\nX-Request-Id: left-early\r\n"
                                        + "Content-Type: application/json\r\nContent-Length: " + body.length
                                        + "\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                client.getOutputStream().write(body);
                origin.awaitRequests(1, SOON);
            }
            Await.until(SOON, "the line", () -> output.getOut().contains("requestId=left-early"));
            assertThat(output.getOut()).containsPattern("POST /api/zip 499 0 bytes .*requestId=left-early");
        }
    }

    @Test
    void clientThatResetsInTheMidstOfItsBodyIsALineWithoutATrace(CapturedOutput output) throws IOException {
        try (RunningGateway gateway = RunningGateway.start(LOGGED)) {
            resetInTheMidstOfABody(gateway);

            Await.until(
                    SOON,
                    "the line",
                    () -> output.getOut().contains("caller=") && output.getOut().contains("requestId=reset-early"));
            assertThat(output.getOut())
                    .containsPattern("POST /api/zip 499 0 bytes .*requestId=reset-early")
                    // Other gateways of this process may log errors of their own meanwhile.
                    .doesNotContain("failed requestId=reset-early", "Connection reset", "AbortedException");
        }
    }

    private static void resetInTheMidstOfABody(RunningGateway gateway) throws IOException {
        try (Socket client =
                new Socket(gateway.address().getAddress(), gateway.address().getPort())) {
            String head = String.join(
                    "\r\n",
                    "POST /api/zip HTTP/1.1",
                    "Host: x",
                    "X-Request-Id: reset-early",
                    "Expect: 100-continue",
                    "Content-Type: application/json",
                    "Content-Length: 100",
                    "",
                    "");
            client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            byte[] wanted = "HTTP/1.1 100".getBytes(StandardCharsets.US_ASCII);
            assertThat(client.getInputStream().readNBytes(wanted.length))
                    .as("the gateway waits for the body")
                    .isEqualTo(wanted);
            client.getOutputStream().write('{');
            client.setSoLinger(true, 0);
        }
    }
}
