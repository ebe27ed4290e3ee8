package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.reason;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.TestDns;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What origins do, and must not get through. */
@ExtendWith(NoLeaks.class)
class ImageProxyFaultsTest {
    private static final byte[] PICTURE = Pictures.png(50_000);
    private static final byte[] HTML = "<!doctype html><script>alert(1)</script>".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private static Path directory;

    private static final TestDns dns = TestDns.start().never("never.test");
    private static ProxyRig rig;

    @BeforeAll
    static void start() {
        rig = ProxyRig.in(
                directory.resolve("cache"),
                "sluice.image-proxy.fetch-timeout",
                "5s",
                "sluice.fetch.first-byte-timeout",
                "1s",
                "sluice.fetch.minimum-rate.grace",
                "1s",
                "sluice.fetch.dns.timeout",
                "1s",
                "sluice.fetch.dns.servers",
                dns.addressAndPort());
    }

    @AfterAll
    static void stop() {
        rig.close();
        dns.close();
    }

    @AfterEach
    void nothingIsHeldOrKept() {
        rig.awaitFreeMemory();
        rig.awaitGauge("sluice.image_proxy.fetches", 0);
        rig.awaitGauge("sluice.image_proxy.waiting", 0);
        assertThat(rig.files()).isEmpty();
    }

    static Stream<Arguments> smuggled() {
        return Stream.of(
                Arguments.of("two types in one field", declared("image/png, text/html", PICTURE)),
                Arguments.of("two types the other way round", declared("text/html, image/png", PICTURE)),
                Arguments.of("two types and a space", declared("image/png text/html", PICTURE)),
                Arguments.of("HTML under an empty type", declared("", HTML)),
                Arguments.of("half a type", declared("image/", PICTURE)),
                Arguments.of("a type that begins like an image's", declared("image", PICTURE)),
                Arguments.of("HTML under an image's type", declared("image/png", HTML)),
                Arguments.of(
                        "HTML under a type with a comma in its parameter", declared("image/png;a=,text/html", HTML)),
                Arguments.of(
                        "two fields",
                        Behaviours.answer(
                                PICTURE, "Content-Type: image/png", "Content-Type: text/html", length(PICTURE))),
                Arguments.of(
                        "the same field twice",
                        Behaviours.answer(
                                PICTURE, "Content-Type: image/png", "Content-Type: image/png", length(PICTURE))),
                Arguments.of("HTML without a type", Behaviours.answer(HTML, length(HTML))),
                Arguments.of("HTML under a store's type", declared("binary/octet-stream", HTML)));
    }

    private static Behaviour declared(String type, byte[] body) {
        return Behaviours.answer(body, "Content-Type: " + type, length(body));
    }

    private static String length(byte[] body) {
        return "Content-Length: " + body.length;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("smuggled")
    void typeThatIsNotOneImagesAloneIsNoImage(String what, Behaviour behaviour) {
        rig.origin.on("/smuggled?" + what.hashCode(), behaviour);

        HttpResponse<byte[]> answer = rig.get("/smuggled?" + what.hashCode());

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(code(answer)).isEqualTo("not_an_image");
    }

    static Stream<Arguments> faults() {
        return Stream.of(
                Arguments.of("a gzip bomb", "too_large", Behaviours.gzipBomb(64)),
                Arguments.of(
                        "a coding that is not undone",
                        "bad_encoding",
                        Behaviours.answer(HTML, "Content-Type: image/png", "Content-Encoding: br", length(HTML))),
                Arguments.of("headers without end", "timed_out", Behaviours.slowHeaders(Duration.ofMillis(50))),
                Arguments.of("a byte now and then", "timed_out", Behaviours.drip(50_000, Duration.ofMillis(50))),
                Arguments.of("a body that stops", "timed_out", Behaviours.stalled(50_000, 20_000)),
                Arguments.of("no answer", "timed_out", Behaviours.silent()),
                Arguments.of("less than was declared", "connection_failed", Behaviours.truncated(50_000, 20_000)),
                Arguments.of("chunks without the last", "connection_failed", Behaviours.truncatedChunks(20_000)),
                Arguments.of("a reset midway", "connection_failed", Behaviours.resetAfter(50_000, 20_000)),
                Arguments.of("a reset at once", "connection_failed", Behaviours.reset()),
                Arguments.of("no HTTP", "connection_failed", Behaviours.raw("SSH-2.0-OpenSSH_9.9\r\n\r\n")),
                Arguments.of("a body without end", "too_large", Behaviours.endless()),
                Arguments.of("a redirect to nowhere", "upstream_status", Behaviours.status(302)),
                Arguments.of("a part", "upstream_status", Behaviours.status(206)),
                Arguments.of("304 to no condition", "upstream_status", Behaviours.status(304)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void faultIsABadGatewayAndTheConnectionEnds(String what, String reason, Behaviour behaviour) {
        rig.origin.on("/fault?" + what.hashCode(), behaviour);

        HttpResponse<byte[]> answer = rig.get("/fault?" + what.hashCode());

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(code(answer)).isEqualTo("upstream_failed");
        assertThat(reason(answer)).isEqualTo(reason);
    }

    @Test
    void nameServerThatNeverAnswersIsATimeout() {
        HttpResponse<byte[]> answer = rig.getUrl("http://never.test/a.png");

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(reason(answer)).isEqualTo("timed_out");
    }

    @Test
    void nameWithoutAnAddressIsAFailedConnection() {
        HttpResponse<byte[]> answer = rig.getUrl("http://unknown.test/a.png");

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(reason(answer)).isEqualTo("connection_failed");
    }
}
