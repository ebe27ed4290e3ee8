package dev.sluice.gateway.inbound.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What clients see of the gateway is what they asked for, whatever a proxy on the way made of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PublicAddressTest {
    private static final String UPLOAD =
            "{\"images\":[{\"imageId\":\"front\",\"contentType\":\"image/png\",\"fileSize\":10}]}";

    private RunningGateway trusting;
    private RunningGateway standard;
    private RunningGateway distrusting;
    private RunningGateway fixed;

    @BeforeAll
    void start() {
        trusting = RunningGateway.start(Map.of("sluice.trusted-proxies", "127.0.0.0/8"));
        standard = RunningGateway.start(
                Map.of("sluice.trusted-proxies", "127.0.0.1", "sluice.identity.forwarded-field", "forwarded"));
        distrusting = RunningGateway.start(Map.of("sluice.trusted-proxies", "10.0.0.0/8"));
        fixed = RunningGateway.start(Map.of("sluice.public-url", "https://zip.example:8443"));
    }

    @AfterAll
    void stop() {
        trusting.close();
        standard.close();
        distrusting.close();
        fixed.close();
    }

    private static Answer post(RunningGateway gateway, String path, String fields, String body) throws IOException {
        return RawConnection.ask(
                gateway.address(),
                "POST " + path + " HTTP/1.1\r\n" + fields.replace("; ", "\r\n")
                        + "\r\nContent-Type: application/json\r\n" + "Content-Length: " + body.length() + "\r\n\r\n"
                        + body);
    }

    /** 400 is an answer to the body: the origin was no obstacle. */
    private static int origin(RunningGateway gateway, String origin, String fields) throws IOException {
        return post(gateway, "/api/zip", fields + "; Origin: " + origin, "{}").status();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                https://zip.example      | Host: zip.example; X-Forwarded-Proto: https
                https://zip.example      | Host: gateway:8080; X-Forwarded-Proto: https; X-Forwarded-Host: zip.example
                https://zip.example:8443 | Host: gateway:8080; X-Forwarded-Proto: https; X-Forwarded-Host: zip.example:8443
                https://zip.example:8443 | Host: zip.example; X-Forwarded-Proto: https; X-Forwarded-Port: 8443
                https://zip.example      | Host: zip.example; X-Forwarded-Proto: https; X-Forwarded-Port: 443
                http://zip.example:81    | Host: gateway; X-Forwarded-Host: zip.example; X-Forwarded-Port: 81
                https://[2001:db8::1]    | Host: gateway; X-Forwarded-Proto: HTTPS; X-Forwarded-Host: [2001:db8::1]
                http://b                 | Host: gateway; X-Forwarded-Proto: https, http; X-Forwarded-Host: a, b
                https://a                | Host: gateway; X-Forwarded-For: 1.2.3.4, 127.0.0.9; X-Forwarded-Proto: https, http; X-Forwarded-Host: a, b
                http://zip.example       | Host: zip.example; X-Forwarded-Proto: ftp; X-Forwarded-Host: a b; X-Forwarded-Port: 99999
                """)
    void pagesOfTheAddressThatWasAskedAreTheGatewaysOwn(String origin, String fields) throws IOException {
        assertThat(origin(trusting, origin, fields)).isEqualTo(400);
        assertThat(origin(trusting, "https://evil.example", fields)).isEqualTo(403);
    }

    @Test
    void strangersWordChangesNothing() throws IOException {
        String fields = "Host: zip.example; X-Forwarded-Proto: https";
        Answer answer = post(distrusting, "/api/zip", fields + "; Origin: https://zip.example", "{}");
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.json().path("code").asString()).isEqualTo("invalid_origin");
        assertThat(answer.json().path("expected").asString()).startsWith("http://zip.example, or");
        assertThat(origin(distrusting, "http://zip.example", fields)).isEqualTo(400);
        assertThat(origin(trusting, "https://zip.example", "Host: zip.example; Forwarded: proto=https"))
                .isEqualTo(403);
    }

    @Test
    void forwardedFieldIsReadWhereProxiesWriteIt() throws IOException {
        String fields = "Host: gateway; Forwarded: for=203.0.113.7;proto=https;host=\"zip.example:8443\"";
        assertThat(origin(standard, "https://zip.example:8443", fields)).isEqualTo(400);
        assertThat(origin(standard, "https://zip.example", fields)).isEqualTo(403);
        assertThat(origin(standard, "https://zip.example", "Host: zip.example; X-Forwarded-Proto: https"))
                .isEqualTo(403);
    }

    @Test
    void oneAddressCanBeGivenForAllRequests() throws IOException {
        assertThat(origin(fixed, "https://zip.example:8443", "Host: gateway:8080"))
                .isEqualTo(400);
        assertThat(origin(fixed, "http://gateway:8080", "Host: gateway:8080")).isEqualTo(403);
        assertThat(uploadUrl(fixed, "Host: made.up")).startsWith("https://zip.example:8443/api/uploads/");
    }

    private static String uploadUrl(RunningGateway gateway, String fields) throws IOException {
        String token = "; Authorization: Bearer " + gateway.signIn("alice", "user");
        Answer answer = post(gateway, "/api/v1/hosts/alice/listings/submit-intent", fields + token, UPLOAD);
        return answer.json().at("/imageUploadUrls/0/uploadUrl").asString();
    }

    @Test
    void uploadsGoWhereTheClientAsked() throws IOException {
        assertThat(uploadUrl(trusting, "Host: gateway; X-Forwarded-Proto: https; X-Forwarded-Host: zip.example"))
                .startsWith("https://zip.example/api/uploads/");
        assertThat(uploadUrl(standard, "Host: gateway; Forwarded: proto=https;host=\"zip.example:8443\""))
                .startsWith("https://zip.example:8443/api/uploads/");
        assertThat(uploadUrl(distrusting, "Host: gateway; X-Forwarded-Proto: https; X-Forwarded-Host: zip.example"))
                .startsWith("http://gateway/api/uploads/");
    }

    @Test
    void cookiesThatCameOverTlsStayThere() throws IOException {
        String signIn = "{\"user\":\"alice\"}";
        Answer tls = post(trusting, "/api/session", "Host: x; X-Forwarded-Proto: https", signIn);
        assertThat(tls.fields("Set-Cookie").getFirst()).contains("; Secure");
        assertThat(tls.fields("Strict-Transport-Security")).isEmpty();
        assertThat(post(trusting, "/api/session", "Host: x", signIn)
                        .fields("Set-Cookie")
                        .getFirst())
                .doesNotContain("; Secure");
        assertThat(post(distrusting, "/api/session", "Host: x; X-Forwarded-Proto: https", signIn)
                        .fields("Set-Cookie")
                        .getFirst())
                .doesNotContain("; Secure");
        assertThat(post(fixed, "/api/session", "Host: x", signIn)
                        .fields("Set-Cookie")
                        .getFirst())
                .contains("; Secure");
    }
}
