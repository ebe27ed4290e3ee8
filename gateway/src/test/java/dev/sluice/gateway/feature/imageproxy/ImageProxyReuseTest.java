package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.PictureFiles;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an origin forbids to show unasked is not shown unasked, and not at all when it does not answer. */
class ImageProxyReuseTest {
    private static final byte[] PICTURE = PictureFiles.encoded("png", 400, 50);

    @TempDir
    private static Path directory;

    private static ProxyRig rig;

    private String path = "";

    @BeforeAll
    static void start() {
        rig = ProxyRig.decodingIn(directory);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @BeforeEach
    void nameThePath(TestInfo test) {
        path = "/" + Integer.toHexString(test.getDisplayName().hashCode()) + ".png";
    }

    /** With an entity tag, and 304 for who has it. */
    private static Behaviour tagged(String... fields) {
        return exchange -> {
            boolean known = exchange.header("If-None-Match").contains("\"v1\"");
            Stream<String> more = known
                    ? Stream.of("ETag: \"v1\"")
                    : Stream.of("ETag: \"v1\"", "Content-Type: image/png", "Content-Length: " + PICTURE.length);
            exchange.head(
                    known ? 304 : 200, Stream.concat(Stream.of(fields), more).toArray(String[]::new));
            if (!known) {
                exchange.write(PICTURE);
            }
        };
    }

    private void serve(String... fields) {
        rig.origin.on(path, tagged(fields));
    }

    private HttpResponse<byte[]> shown() {
        HttpResponse<byte[]> answer = rig.get(path);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(PICTURE);
        return answer;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Cache-Control: no-cache",
                "Cache-Control: must-revalidate",
                "Cache-Control: public, max-age=0, must-revalidate",
                "Cache-Control: proxy-revalidate",
                "CDN-Cache-Control: no-cache",
                "Vary: *"
            })
    void originIsAskedEachTimeAndNothingIsShownWithoutIt(String field) {
        serve(field);
        assertThat(header(shown(), "Cache-Control")).isEqualTo("private, no-cache");

        HttpResponse<byte[]> again = shown();
        assertThat(cacheStatus(again)).isEqualTo("sluice; fwd=stale; fwd-status=304");
        assertThat(header(again, "Cache-Control")).isEqualTo("private, no-cache");
        assertThat(rig.origin.requests(path)).isEqualTo(2);

        rig.origin.on(path, Behaviours.status(500));
        assertThat(rig.get(path).statusCode()).isEqualTo(502);
        assertThat(rig.get(path).statusCode()).isEqualTo(502); // known by now
        assertThat(rig.origin.requests(path)).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"must-revalidate, max-age=100", "proxy-revalidate, max-age=100"})
    void timeThatTheOriginGivesItIsKept(String directives) {
        serve("Cache-Control: " + directives);
        assertThat(header(shown(), "Cache-Control")).isEqualTo("private, max-age=100, must-revalidate");
        rig.clock.move(Duration.ofSeconds(99));
        assertThat(cacheStatus(shown())).isEqualTo("sluice; hit; ttl=1");

        rig.clock.move(Duration.ofSeconds(1));
        assertThat(cacheStatus(shown())).isEqualTo("sluice; fwd=stale; fwd-status=304");
        rig.clock.move(Duration.ofSeconds(99));
        assertThat(cacheStatus(shown())).isEqualTo("sluice; hit; ttl=1");

        rig.clock.move(Duration.ofSeconds(2));
        rig.origin.on(path, Behaviours.reset());
        assertThat(rig.get(path).statusCode()).isEqualTo(502);
    }

    @Test
    void whatCanNeverBeShownAgainIsNotKept() {
        rig.origin.on(
                path,
                Behaviours.answer(
                        PICTURE,
                        "Content-Type: image/png",
                        "Content-Length: " + PICTURE.length,
                        "Cache-Control: no-cache"));
        for (int request = 1; request <= 2; request++) {
            assertThat(cacheStatus(shown())).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; detail=no-cache");
            assertThat(rig.origin.requests(path)).isEqualTo(request);
        }
    }

    @Test
    void smallerCopiesAreBoundLikeTheirOriginal() {
        serve("Cache-Control: no-cache");
        assertThat(rig.get(path, 320).statusCode()).isEqualTo(200);
        HttpResponse<byte[]> again = rig.get(path, 320);
        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(header(again, "Cache-Control")).isEqualTo("private, no-cache");
        assertThat(rig.origin.requests(path)).isEqualTo(2);

        rig.origin.on(path, Behaviours.status(500));
        assertThat(rig.get(path, 320).statusCode()).isEqualTo(502);
    }

    @Test
    void answerThatNothingChangedMaySayOtherwiseFromThenOn() {
        serve("Cache-Control: no-cache");
        shown();
        serve("Cache-Control: max-age=60");
        assertThat(cacheStatus(shown())).isEqualTo("sluice; fwd=stale; fwd-status=304");
        assertThat(cacheStatus(shown())).isEqualTo("sluice; hit; ttl=604800");

        rig.clock.move(ProxyRig.TTL);
        serve("Cache-Control: no-store");
        HttpResponse<byte[]> last = shown();
        assertThat(cacheStatus(last)).isEqualTo("sluice; fwd=stale; fwd-status=304");
        assertThat(header(last, "Cache-Control")).isEqualTo("no-store");
        assertThat(cacheStatus(shown())).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; detail=no-store");
    }

    @Test
    void whatIsBoundStaysBoundAfterARestart(@TempDir Path own) {
        for (int start = 1; start <= 2; start++) {
            try (ProxyRig restarted = ProxyRig.in(own, "sluice.fetch.allow-networks", rig.origin.addressAndPort())) {
                rig.origin.on(path, tagged("Cache-Control: no-cache"));
                String url = rig.origin.url(path);
                HttpResponse<byte[]> answer = restarted.getUrl(url);
                assertThat(answer.body()).isEqualTo(PICTURE);
                assertThat(List.of("sluice; fwd=uri-miss; fwd-status=200; stored", "sluice; fwd=stale; fwd-status=304"))
                        .element(start - 1)
                        .isEqualTo(cacheStatus(answer));
            }
        }
    }
}
