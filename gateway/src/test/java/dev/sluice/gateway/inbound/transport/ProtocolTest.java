package dev.sluice.gateway.inbound.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What RFC 9112 asks of a server, as a client meets it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProtocolTest {
    private static final String POST = "POST /api/zip HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

    private RunningGateway gateway;

    @BeforeAll
    void start() {
        gateway = RunningGateway.start(Map.of());
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    private Answer ask(String request) throws IOException {
        return RawConnection.ask(gateway.address(), request);
    }

    private void assertRefused(String request, int status, String code) throws IOException {
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send(request);
            Answer answer = connection.answer();
            assertProblem(answer, status, code);
            assertThat(answer.fields("Connection")).containsExactly("close");
            assertThat(connection.isEnded()).isTrue();
        }
    }

    private static void assertProblem(Answer answer, int status, String code) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.fields("Content-Type")).containsExactly("application/problem+json");
        assertThat(answer.fields("X-Content-Type-Options")).containsExactly("nosniff");
        assertThat(answer.json().path("code").asString()).isEqualTo(code);
        assertThat(answer.json().path("status").asInt()).isEqualTo(status);
        assertThat(answer.json().path("detail").asString()).isNotBlank();
        assertThat(answer.fields("X-Request-Id"))
                .containsExactly(answer.json().path("requestId").asString());
        assertThat(answer.fields("Date")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Host: one\r\nHost: two\r\n",
                "Host: one\r\nHost: one\r\n",
                "Host: a b\r\n",
                "Host: a/b\r\n",
                "Host: a@b\r\n",
                "Host: a:b\r\n",
                "Host: a:99999\r\n",
                "Host: [::1\r\n",
                "Host: [a]\r\n",
                "Host: a%zz\r\n",
                "Host: größe\r\n",
                "Host: \r\n",
            })
    void hostThatIsMissingTwiceOrNoneIsRefused(String fields) throws IOException {
        assertRefused("GET / HTTP/1.1\r\n" + fields + "\r\n", 400, "malformed_request");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Cookie: name=Ä", "User-Agent: ß", "Referer: http://x/日本", "X-Other: –"})
    void bytesBeyondAsciiInAFieldAreNobodysAffair(String field) throws IOException {
        String utf8 = new String(field.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);

        assertThat(ask("GET /api/session HTTP/1.1\r\nHost: x\r\n" + utf8 + "\r\n\r\n")
                        .status())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "my_service", "127.0.0.1:8080", "[::1]:8080", "xn--gre-6ka8m.example", "a%20b"})
    void anyHostThatIsOneIsServed(String host) throws IOException {
        assertThat(ask("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status()).isEqualTo(200);
    }

    @Test
    void olderClientsNeedNoHost() throws IOException {
        assertThat(ask("GET / HTTP/1.0\r\n\r\n").status()).isEqualTo(200);
        assertRefused("GET / HTTP/1.0\r\nHost: one\r\nHost: two\r\n\r\n", 400, "malformed_request");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                "Transfer-Encoding: chunked, identity",
                "Transfer-Encoding: chunked, chunked",
                "Transfer-Encoding: identity",
                "Transfer-Encoding: xchunked",
                "Transfer-Encoding: ",
            })
    void codingThatLeavesOpenWhereTheBodyEndsIsRefused(String fields) throws IOException {
        assertRefused(POST + fields + "\r\n\r\n", 400, "malformed_request");
    }

    @Test
    void codingBesideALengthIsRefused() throws IOException {
        assertRefused(POST + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", 400, "malformed_request");
        assertRefused(POST + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed_request");
    }

    @Test
    void codingThatTheGatewayDoesNotKnowIsNotImplemented() throws IOException {
        assertRefused(
                "POST /api/zip HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                501,
                "not_implemented");
    }

    @Test
    void olderClientsHaveNoCodings() throws IOException {
        assertRefused(
                "POST /api/zip HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed_request");
    }

    @Test
    void chunkedBodyIsRead() throws IOException {
        Answer answer = ask(POST + "Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("member").asString()).isEqualTo("images");
    }

    @Test
    void bodyWhoseChunksAreNoneIsRefused() throws IOException {
        assertRefused(POST + "Transfer-Encoding: chunked\r\n\r\nhello\r\n", 400, "malformed_request");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\nna me: value\r\n\r\n",
                "GET /a|b HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET example HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
                "GET / HTTP/x\r\nHost: x\r\n\r\n",
                "hello\r\n\r\n",
            })
    void whatIsNoRequestIsAProblem(String request) throws IOException {
        assertProblem(ask(request), 400, "malformed_request");
    }

    @Test
    void requestThatIsRefusedWaitsForItsTurn() throws IOException {
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send("GET /actuator/health HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n");
            assertThat(connection.answer().status()).isEqualTo(200);
            assertProblem(connection.answer(), 400, "malformed_request");
            assertThat(connection.isEnded()).isTrue();
        }
    }

    @Test
    void requestLineThatIsTooLongIsAProblem() throws IOException {
        assertRefused("GET /" + "x".repeat(20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long");
        assertRefused("GET /" + "x".repeat(500_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long");
    }

    @Test
    void fieldsThatAreTooLongAreAProblem() throws IOException {
        String field = "X-Filler: " + "x".repeat(20_000) + "\r\n";
        assertRefused("GET / HTTP/1.1\r\nHost: x\r\n" + field + "\r\n", 431, "header_fields_too_large");
        assertRefused("GET / HTTP/1.1\r\nHost: x\r\n" + field.repeat(20) + "\r\n", 431, "header_fields_too_large");
    }

    @ParameterizedTest
    @CsvSource({"TRACE, /", "PROPFIND, /", "TRACE, /api/zip", "PROPFIND, /api/zip", "MKCOL, /actuator/health"})
    void methodThatAPathDoesNotHaveIsNotAllowed(String method, String path) throws IOException {
        Answer answer = ask(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        assertProblem(answer, 405, "method_not_allowed");
        assertThat(answer.fields("Allow")).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONNECT example:443", "OPTIONS *"})
    void targetWithoutAPathIsAnsweredToo(String line) throws IOException {
        assertProblem(ask(line + " HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "method_not_allowed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"BREW", "get", "GETGETGETGETGETGETGETGETGETGETGET"})
    void methodThatNobodyKnowsIsNotImplemented(String method) throws IOException {
        assertRefused(method + " /api/zip HTTP/1.1\r\nHost: x\r\n\r\n", 501, "not_implemented");
    }

    @Test
    void absoluteTargetSaysWhichHostIsMeant() throws IOException {
        Answer same = ask("POST http://zip.example/api/zip HTTP/1.1\r\nHost: other\r\nOrigin: http://zip.example\r\n"
                + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        assertThat(same.status()).isEqualTo(400);
        assertThat(same.json().path("member").asString()).isEqualTo("images");
        assertThat(ask("GET http://zip.example HTTP/1.1\r\nHost: x\r\n\r\n").status())
                .isEqualTo(200);
        assertRefused("GET http://zip.example/ HTTP/1.1\r\n\r\n", 400, "malformed_request");
        assertRefused("GET http://zip.example/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "malformed_request");
        assertRefused("GET http://a b/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request");
        assertRefused("GET http://user@host/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request");
        assertRefused("GET ftp://host/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request");
    }

    @Test
    void everyAnswerSaysWhenItWasMade() throws IOException {
        for (String request : List.of(
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /actuator/health HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET / HTTP/1.0\r\n\r\n",
                "nonsense\r\n\r\n")) {
            List<String> dates = ask(request).fields("Date");
            assertThat(dates).hasSize(1);
            Instant date = ZonedDateTime.parse(dates.getFirst(), DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            assertThat(Duration.between(date, Instant.now())).isBetween(Duration.ZERO, Duration.ofMinutes(1));
        }
    }
}
