package dev.sluice.gateway.contract.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.codec.HttpMessageWriter;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.reactive.function.server.HandlerStrategies;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.reactive.result.view.ViewResolver;
import reactor.core.publisher.Flux;

/** RFC 9110, sections 13 and 14, on ten bytes. */
class RepresentationTest {
    private static final byte[] BYTES = "0123456789".getBytes(StandardCharsets.US_ASCII);
    private static final String MANY = "bytes=0-0,1-1,2-2,0-0,1-1,2-2,0-0,1-1,2-2,0-0,1-1,2-2,0-0,1-1,2-2,0-0,1-1";
    private static final Instant CHANGED = Instant.parse("2026-11-21T00:00:00.750Z");

    private MockServerHttpResponse answer(HttpMethod method, Map<String, String> headers) {
        return answer(method, headers, CHANGED);
    }

    private MockServerHttpResponse answer(HttpMethod method, Map<String, String> headers, @Nullable Instant changed) {
        MockServerHttpRequest.BaseBuilder<?> request = MockServerHttpRequest.method(method, "/");
        headers.forEach(request::header);
        MockServerWebExchange exchange = MockServerWebExchange.from(request.build());
        Representation ten = new Representation(
                MediaType.IMAGE_PNG,
                BYTES.length,
                "\"tag\"",
                changed,
                fields -> fields.setCacheControl("public"),
                (position, count, buffers) ->
                        Flux.just(buffers.wrap(Arrays.copyOfRange(BYTES, (int) position, (int) (position + count)))));
        ServerResponse answer = Objects.requireNonNull(ten.answer(ServerRequest.create(
                        exchange, HandlerStrategies.withDefaults().messageReaders()))
                .block());
        answer.writeTo(exchange, new ServerResponse.Context() {
                    @Override
                    public List<HttpMessageWriter<?>> messageWriters() {
                        return HandlerStrategies.withDefaults().messageWriters();
                    }

                    @Override
                    public List<ViewResolver> viewResolvers() {
                        return List.of();
                    }
                })
                .block();
        return exchange.getResponse();
    }

    private static int status(MockServerHttpResponse response) {
        return Objects.requireNonNull(response.getStatusCode()).value();
    }

    private static String body(MockServerHttpResponse response) {
        return Objects.requireNonNullElse(response.getBodyAsString().block(), "");
    }

    @Test
    void wholeIsAnsweredWithItsValidators() {
        MockServerHttpResponse response = answer(HttpMethod.GET, Map.of());

        assertThat(status(response)).isEqualTo(200);
        assertThat(body(response)).isEqualTo("0123456789");
        assertThat(response.getHeaders().getContentLength()).isEqualTo(10);
        assertThat(response.getHeaders().getETag()).isEqualTo("\"tag\"");
        assertThat(response.getHeaders().getFirst("Last-Modified")).isEqualTo("Sat, 21 Nov 2026 00:00:00 GMT");
        assertThat(response.getHeaders().getFirst("Accept-Ranges")).isEqualTo("bytes");
        assertThat(response.getHeaders().getContentType()).isEqualTo(MediaType.IMAGE_PNG);
        assertThat(response.getHeaders().getCacheControl()).isEqualTo("public");
    }

    @Test
    void headIsTheSameWithoutTheBytesAndWithoutRanges() {
        MockServerHttpResponse response = answer(HttpMethod.HEAD, Map.of("Range", "bytes=0-1"));

        assertThat(status(response)).isEqualTo(200);
        assertThat(body(response)).isEmpty();
        assertThat(response.getHeaders().getContentLength()).isEqualTo(10);
        assertThat(response.getHeaders().getETag()).isEqualTo("\"tag\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "If-None-Match | \"tag\"",
                "If-None-Match | W/\"tag\"",
                "If-None-Match | \"a\", \"tag\", \"b\"",
                "If-None-Match | *",
                "If-Modified-Since | Sat, 21 Nov 2026 00:00:00 GMT",
                "If-Modified-Since | Sun, 22 Nov 2026 00:00:00 GMT",
            })
    void whatTheClientHasIsNotSentAgain(String header, String value) {
        for (HttpMethod method : List.of(HttpMethod.GET, HttpMethod.HEAD)) {
            MockServerHttpResponse response = answer(method, Map.of(header, value, "Range", "bytes=0-1"));

            assertThat(status(response)).isEqualTo(304);
            assertThat(body(response)).isEmpty();
            assertThat(response.getHeaders().getETag()).isEqualTo("\"tag\"");
            assertThat(response.getHeaders().getCacheControl()).isEqualTo("public");
            assertThat(response.getHeaders().headerNames()).doesNotContain("Content-Range", "Content-Type");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "If-None-Match | \"other\"",
                "If-None-Match | \"ta\", \"g\"",
                "If-Modified-Since | Fri, 20 Nov 2026 23:59:59 GMT",
                "If-Modified-Since | yesterday",
            })
    void whatTheClientHasNotIsSent(String header, String value) {
        MockServerHttpResponse response = answer(HttpMethod.GET, Map.of(header, value));

        assertThat(status(response)).isEqualTo(200);
        assertThat(body(response)).isEqualTo("0123456789");
    }

    @Test
    void entityTagsDecideWhereBothAreGiven() {
        MockServerHttpResponse response = answer(
                HttpMethod.GET,
                Map.of("If-None-Match", "\"other\"", "If-Modified-Since", "Sun, 22 Nov 2026 00:00:00 GMT"));

        assertThat(status(response)).isEqualTo(200);
    }

    @Test
    void datesSayNothingWhereNoneIsKnown() {
        MockServerHttpResponse response =
                answer(HttpMethod.GET, Map.of("If-Modified-Since", "Sun, 22 Nov 2026 00:00:00 GMT"), null);

        assertThat(status(response)).isEqualTo(200);
        assertThat(response.getHeaders().headerNames()).doesNotContain("Last-Modified");
    }

    @Test
    void preconditionThatDoesNotHoldIs412() {
        assertThat(status(answer(HttpMethod.GET, Map.of("If-Match", "\"other\""))))
                .isEqualTo(412);
        assertThat(status(answer(HttpMethod.GET, Map.of("If-Match", "\"tag\""))))
                .isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-0, 0, bytes 0-0/10",
        "bytes=2-4, 234, bytes 2-4/10",
        "bytes=7-, 789, bytes 7-9/10",
        "bytes=8-100, 89, bytes 8-9/10",
        "bytes=-3, 789, bytes 7-9/10",
        "bytes=-100, 0123456789, bytes 0-9/10",
    })
    void partIsAnsweredWithItsPlace(String range, String part, String place) {
        MockServerHttpResponse response = answer(HttpMethod.GET, Map.of("Range", range));

        assertThat(status(response)).isEqualTo(206);
        assertThat(body(response)).isEqualTo(part);
        assertThat(response.getHeaders().getFirst("Content-Range")).isEqualTo(place);
        assertThat(response.getHeaders().getContentLength()).isEqualTo(part.length());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lines=0-1",
                "bytes",
                "bytes=",
                "bytes=a-b",
                "bytes=4-2",
                "0-1",
                "bytes=0-9,0-9",
                "bytes=0-4,3-9",
                MANY
            })
    void rangeThatIsNotUnderstoodIsAnsweredWithTheWhole(String range) {
        MockServerHttpResponse response = answer(HttpMethod.GET, Map.of("Range", range));

        assertThat(status(response)).isEqualTo(200);
        assertThat(body(response)).isEqualTo("0123456789");
    }

    @Test
    void severalPartsAreFramed() {
        MockServerHttpResponse response = answer(HttpMethod.GET, Map.of("Range", "bytes=1-2, 50-, -3"));

        String boundary = Objects.requireNonNull(
                Objects.requireNonNull(response.getHeaders().getContentType()).getParameter("boundary"));
        String expected = ("\r\n--B\r\nContent-Type: image/png\r\nContent-Range: bytes 1-2/10\r\n\r\n12"
                        + "\r\n--B\r\nContent-Type: image/png\r\nContent-Range: bytes 7-9/10\r\n\r\n789\r\n--B--\r\n")
                .replace("B", boundary);
        assertThat(status(response)).isEqualTo(206);
        assertThat(response.getHeaders().getContentType().toString()).startsWith("multipart/byteranges;");
        assertThat(response.getHeaders().headerNames()).doesNotContain("Content-Range");
        assertThat(body(response)).isEqualTo(expected);
        assertThat(response.getHeaders().getContentLength()).isEqualTo(expected.length());
    }

    @ParameterizedTest
    @CsvSource({"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999-"})
    void rangeBeyondTheEndIsRefused(String range) {
        assertThatThrownBy(() -> answer(HttpMethod.GET, Map.of("Range", range)))
                .isInstanceOfSatisfying(
                        GatewayException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ProblemCode.RANGE_NOT_SATISFIABLE));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"tag\" | 206",
                "Sat, 21 Nov 2026 00:00:00 GMT | 206",
                "\"other\" | 200",
                "W/\"tag\" | 200",
                "Fri, 20 Nov 2026 00:00:00 GMT | 200",
                "nonsense | 200",
            })
    void partIsOnlyGivenOfWhatTheClientMeans(String condition, int status) {
        MockServerHttpResponse response = answer(HttpMethod.GET, Map.of("Range", "bytes=0-1", "If-Range", condition));

        assertThat(status(response)).isEqualTo(status);
    }
}
