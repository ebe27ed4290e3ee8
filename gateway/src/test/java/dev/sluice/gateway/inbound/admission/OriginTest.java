package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OriginTest {
    private static final String APP = "https://app.example";
    private RunningGateway gateway;

    @BeforeAll
    void start() {
        gateway = RunningGateway.start(Map.of("sluice.origins.allowed", APP));
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    private HttpResponse<byte[]> post(String... headers) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .headers(headers)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"images\":[]}")));
    }

    private HttpResponse<byte[]> preflight(String origin) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "content-type, authorization")
                .method("OPTIONS", BodyPublishers.noBody()));
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    @Test
    void preflightOfAnAllowedPageIsAnswered() {
        HttpResponse<byte[]> answer = preflight(APP);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue(APP);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Credentials"))
                .hasValue("true");
        assertThat(answer.headers().firstValue("Access-Control-Allow-Methods"))
                .hasValueSatisfying(methods -> assertThat(methods).contains("POST"));
        assertThat(answer.headers().firstValue("Access-Control-Max-Age")).hasValue("3600");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://evil.example",
                "http://app.example",
                "https://app.example.evil.example",
                "https://app.example:8443",
                "null"
            })
    void otherPagesAreRefused(String origin) {
        HttpResponse<byte[]> preflight = preflight(origin);
        assertThat(preflight.statusCode()).isEqualTo(403);
        assertThat(text(preflight)).contains("\"code\":\"invalid_origin\"");
        HttpResponse<byte[]> answer = post("Origin", origin);
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(text(answer)).contains("\"error\":\"invalid_origin\"");
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://a:b",
                "http://",
                "",
                "http://a:99999999",
                "http://[::1",
                "http://[::1]extra",
                "://",
                "%",
                "http://a b",
                "https://app.example https://app.example",
                "chrome-extension://abcdefghijklmnop"
            })
    void whatIsNoOriginOfAPageIsRefusedInOneLine(String origin) throws IOException {
        for (String route : List.of("POST /api/zip", "GET /", "GET /api/session", "GET /api/image-proxy?url=x")) {
            Answer answer = RawConnection.ask(
                    gateway.address(),
                    route + " HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\n"
                            + "Content-Type: application/json\r\nContent-Length: " + (route.startsWith("P") ? 2 : 0)
                            + "\r\n\r\n" + (route.startsWith("P") ? "{}" : ""));
            assertThat(answer.status()).as(route).isEqualTo(403);
            assertThat(answer.json().path("code").asString()).isEqualTo("invalid_origin");
        }
    }

    @Test
    void twoOriginsAreNone() throws IOException {
        Answer answer = RawConnection.ask(
                gateway.address(), "GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nOrigin: http://x\r\n\r\n");
        assertThat(answer.status()).isEqualTo(403);
    }

    @ParameterizedTest
    @CsvSource({
        "x, http://x",
        "my_service:8080, http://my_service:8080",
        "Zip.Example, http://zip.example",
        "zip.example:80, http://zip.example",
        "zip.example, http://zip.example:80",
        "[::1]:8080, http://[::1]:8080"
    })
    void ownPagesMayCallByWhateverNameTheGatewayHas(String host, String origin) throws IOException {
        Answer answer = RawConnection.ask(
                gateway.address(), "GET / HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin + "\r\n\r\n");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.fields("Access-Control-Allow-Origin")).isEmpty();
    }

    @Test
    void refusalSaysWhichOriginWasExpected() {
        assertThat(text(post("Origin", "https://evil.example")))
                .contains("Origin: https://evil.example (expected: " + gateway.uri("") + ", or another");
    }

    @Test
    void allowedPageCanReadRefusalsAndTheirHeaders() {
        HttpResponse<byte[]> answer = post("Origin", APP);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue(APP);
        assertThat(answer.headers().firstValue("Access-Control-Expose-Headers"))
                .hasValueSatisfying(fields -> assertThat(fields).contains("RateLimit", "Retry-After", "X-Request-Id"));
        assertThat(answer.headers().allValues("Vary")).anyMatch(vary -> vary.contains("Origin"));
    }

    @Test
    void requestsThatNoPageSendsNeedNoOrigin() {
        assertThat(post("User-Agent", "curl").statusCode()).isEqualTo(400);
    }

    @Test
    void ownPagesMayCall() {
        assertThat(post("Origin", gateway.uri("").toString()).statusCode()).isEqualTo(400);
    }

    @Test
    void cookieThatChangesSomethingNeedsAnOrigin() {
        HttpResponse<byte[]> signedIn = gateway.post("/api/session", "{\"user\":\"alice\"}");
        String cookie = signedIn.headers().allValues("Set-Cookie").stream()
                .filter(line -> line.startsWith("sluice_session="))
                .findFirst()
                .orElseThrow();
        String pair = cookie.substring(0, cookie.indexOf(';'));
        assertThat(post("Cookie", pair).statusCode()).isEqualTo(403);
        // A field of another scheme identifies nobody: the cookie still does.
        assertThat(post("Cookie", pair, "Authorization", "Basic YTpi").statusCode())
                .isEqualTo(403);
        assertThat(post("Cookie", pair, "Origin", APP).statusCode()).isEqualTo(400);
        assertThat(post("Authorization", "Bearer " + pair.substring(pair.indexOf('=') + 1))
                        .statusCode())
                .isEqualTo(400);
        assertThat(gateway.send(HttpRequest.newBuilder(gateway.uri("/api/session"))
                                .header("Cookie", pair))
                        .statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "app.example", "https://app.example/", "https://*.example", "ftp://app.example", ""})
    void whatIsNoOriginIsNamed(String origin) {
        assertThatThrownBy(() -> new CorsProperties(List.of(origin)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sluice.origins.allowed: " + origin);
    }
}
