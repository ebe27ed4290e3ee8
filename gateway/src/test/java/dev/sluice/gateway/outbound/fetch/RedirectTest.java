package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.TestDns;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(NoLeaks.class)
class RedirectTest {
    private final HostileOrigin origin = HostileOrigin.start();
    private final HostileOrigin other = HostileOrigin.start("127.0.0.3");
    private final Canary canary = Canary.start();
    private final TestDns dns = TestDns.start().answer("private.test", "127.0.0.1");
    private final FetchRig rig = FetchRig.with()
            .open(origin)
            .open(other)
            .ports(canary.port())
            .dns(dns)
            .start();

    @BeforeEach
    void serve() {
        origin.on("/dir/a.png", Behaviours.image(Pictures.png(1_000)));
        other.on("/a.png", Behaviours.image(Pictures.png(2_000)));
    }

    @AfterEach
    void stop() {
        rig.close();
        dns.close();
        canary.close();
        other.close();
        origin.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectIsFollowedToAnotherOrigin(int status) {
        origin.on("/r", Behaviours.redirect(status, other.url("/a.png")));

        assertThat(rig.image(origin.url("/r"))).hasSize(2_000);
    }

    @ParameterizedTest
    @CsvSource({
        "/dir/r, a.png",
        "/dir/r, ./a.png",
        "/dir/sub/r, ../a.png",
        "/r, /dir/a.png",
        "/r, dir/a.png#fragment",
        "/dir/r, /dir/sub/../a.png",
        "/dir/r, ../../../dir/a.png",
        "/dir/sub/r, ../.././../dir/./a.png",
        "/dir/r, ./../dir/sub/%2e%2E/a.png",
        "/r, dir\\a.png",
        "/r, \\dir\\a.png#\\x",
        "/dir/sub/r?x=/../y, ../a.png"
    })
    void relativeRedirectIsResolvedAgainstItsUrl(String from, String location) {
        origin.on(from, Behaviours.redirect(302, location));

        assertThat(rig.image(origin.url(from))).hasSize(1_000);
    }

    @Test
    void tabsInALocationAreDroppedAndOneThatIsSaidTwiceIsOne() {
        origin.on("/r", Behaviours.redirect(302, "/dir\t/a.\tpng"));
        origin.on("/s", Behaviours.status(302, "Location: /dir/a.png", "Location: /dir/a.png"));

        assertThat(rig.image(origin.url("/r"))).isNotEmpty();
        assertThat(rig.image(origin.url("/s"))).isNotEmpty();
    }

    @Test
    void loneQueryKeepsThePath() {
        origin.on("/dir/r", Behaviours.redirect(302, "?v=2"));
        origin.on("/dir/r?v=2", Behaviours.image(Pictures.png(3_000)));

        assertThat(rig.image(origin.url("/dir/r"))).hasSize(3_000);
    }

    @Test
    void redirectWithoutASchemeKeepsTheScheme() {
        origin.on("/r", Behaviours.redirect(302, "//" + other.addressAndPort() + "/a.png"));

        assertThat(rig.image(origin.url("/r"))).hasSize(2_000);
    }

    @Test
    void locationInUtf8IsEncoded() {
        origin.on("/r", exchange -> {
            exchange.write("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /b ");
            exchange.write("ü|x.png".getBytes(StandardCharsets.UTF_8));
            exchange.write("\r\n\r\n");
        });
        origin.on("/b%20%C3%BC%7Cx.png", Behaviours.image(Pictures.png(4_000)));

        assertThat(rig.image(origin.url("/r"))).hasSize(4_000);
    }

    @Test
    void bytesOfALocationAreEncodedAsTheyAre() {
        origin.on("/r", Behaviours.redirect(302, "/caf\u00e9 \u0096?q=\u00e4\\b"));
        origin.on("/caf%E9%20%96?q=%E4%5Cb", Behaviours.image(Pictures.png(4_000)));

        assertThat(rig.image(origin.url("/r"))).hasSize(4_000);
    }

    @Test
    void hostInALocationIsReadAsUtf8() {
        dns.answer("xn--strae-oqa.test", "127.0.0.3");
        String location = "http:\\\\stra\u00c3\u009fe.test:" + other.port() + "\\a.png";
        origin.on("/r", Behaviours.redirect(302, location));
        try (var named = FetchRig.with()
                .open(origin)
                .open("127.0.0.3/32")
                .ports(other.port())
                .dns(dns)
                .start()) {
            assertThat(named.image(origin.url("/r"))).hasSize(2_000);
        }
    }

    @Test
    void hostThatIsNoUtf8IsInvalid() {
        origin.on("/r", Behaviours.redirect(302, "http://stra\u00dfe.test/"));

        assertThat(rig.failure(origin.url("/r")).failure()).isEqualTo(FetchFailure.INVALID_URL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\\\127.0.0.1:{P}\\", "http:\\\\127.0.0.1:{P}/", "/\\127.0.0.1:{P}/", "\\/127.0.0.1:{P}"})
    void backslashesLeadNowhereElse(String location) {
        origin.on("/r", Behaviours.redirect(302, location.replace("{P}", String.valueOf(canary.port()))));

        assertThat(rig.failure(origin.url("/r")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void threeRedirectsAreFollowedAndAFourthIsNot() {
        origin.on("/1", Behaviours.redirect(302, "/2"));
        origin.on("/2", Behaviours.redirect(302, "/3"));
        origin.on("/3", Behaviours.redirect(302, "/dir/a.png"));
        origin.on("/0", Behaviours.redirect(302, "/1"));

        assertThat(rig.image(origin.url("/1"))).hasSize(1_000);
        FetchException failure = rig.failure(origin.url("/0"));
        assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
        assertThat(failure).hasMessage("More than 3 redirects");
        assertThat(origin.requests("/dir/a.png")).isEqualTo(1);
    }

    @Test
    void circleEndsWhenItCloses() {
        origin.on("/1", Behaviours.redirect(302, "/2"));
        origin.on("/2", Behaviours.redirect(302, "/1"));

        FetchException failure = rig.failure(origin.url("/1"));

        assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
        assertThat(origin.requests()).hasSize(2);
    }

    @Test
    void redirectToItselfEndsAtOnce() {
        origin.on("/1", Behaviours.redirect(302, "/1#other"));

        assertThat(rig.failure(origin.url("/1")).failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
        assertThat(origin.requests()).hasSize(1);
    }

    static Stream<HostileOrigin.Behaviour> badRedirects() {
        return Stream.of(
                Behaviours.status(302),
                Behaviours.status(302, "Location:"),
                Behaviours.status(302, "Location: /a", "Location: /b"),
                Behaviours.redirect(302, "/" + "a".repeat(8_192)),
                Behaviours.redirect(300, "/dir/a.png"),
                Behaviours.redirect(304, "/dir/a.png"),
                Behaviours.redirect(305, "/dir/a.png"));
    }

    @ParameterizedTest
    @MethodSource("badRedirects")
    void badRedirectIsAnUpstreamStatus(HostileOrigin.Behaviour redirect) {
        origin.on("/r", redirect);

        FetchException failure = rig.failure(origin.url("/r"));

        assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
        assertThat(failure.status()).isBetween(300, 305);
    }

    @Test
    void headerWithoutEndIsAFailedConnection() {
        origin.on("/r", Behaviours.redirect(302, "/" + "a".repeat(100_000)));

        assertThat(rig.failure(origin.url("/r")).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
    }

    @Test
    void longLocationIsFollowed() {
        String path = "/signed?" + "a".repeat(4_000);
        origin.on("/r", Behaviours.redirect(302, path));
        origin.on(path, Behaviours.image(Pictures.png(5_000)));

        assertThat(rig.image(origin.url("/r"))).hasSize(5_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectToAPrivateAddressIsRefused(int status) {
        String[] locations = {
            "http://127.0.0.1:" + canary.port() + "/",
            "http://private.test:" + canary.port() + "/",
            "http://[::ffff:127.0.0.1]:" + canary.port() + "/",
            "//127.0.0.1:" + canary.port() + "/",
            "//private.test:" + canary.port() + "/"
        };
        for (String location : locations) {
            origin.on("/r", Behaviours.redirect(status, location));

            assertThat(rig.failure(origin.url("/r")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        }
        assertThat(canary.connections()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://u:p@127.0.0.3/a.png", "file:///etc/passwd", "gopher://127.0.0.3/", "data:image/png,x"})
    void redirectToAnInvalidUrlIsRefused(String location) {
        origin.on("/r", Behaviours.redirect(302, location));

        assertThat(rig.failure(origin.url("/r")).failure()).isEqualTo(FetchFailure.INVALID_URL);
    }

    @Test
    void redirectOutOfReachIsRefused() {
        dns.answer("cdn.test", "127.0.0.2");
        origin.on("/r", Behaviours.redirect(302, other.url("/a.png")));
        var urlPolicy = new UrlPolicy(Set.of("http", "https"), Set.of("127.0.0.2"));
        var request = new FetchRequest(origin.url("/r"), 10_000, FetchRig.PATIENCE, urlPolicy, Media.RASTER_IMAGE);

        assertThat(rig.failure(request).failure()).isEqualTo(FetchFailure.INVALID_URL);
        assertThat(other.connections()).isEmpty();
    }

    @Test
    void nothingOfOneHopIsCarriedToTheNext() {
        origin.on(
                "/r",
                Behaviours.status(
                        302,
                        "Location: " + other.url("/a.png"),
                        "Set-Cookie: id=1; Path=/",
                        "WWW-Authenticate: Basic"));

        rig.image(origin.url("/r"));

        assertThat(other.requests()).hasSize(1);
        assertThat(other.requests().getFirst().header("Cookie")).isEmpty();
        assertThat(other.requests().getFirst().header("Authorization")).isEmpty();
        assertThat(other.requests().getFirst().header("Referer")).isEmpty();
    }

    @Test
    void cookieOfAnOriginIsNotSentToItAgain() {
        origin.on("/r", Behaviours.status(302, "Location: /dir/a.png", "Set-Cookie: id=1; Path=/"));

        rig.image(origin.url("/r"));

        assertThat(origin.requests().getLast().header("Cookie")).isEmpty();
    }

    @Test
    void hugeBodyOfARedirectIsNotRead() {
        origin.on("/r", exchange -> {
            exchange.head(302, "Location: /dir/a.png", "Content-Length: 1000000000");
            for (int i = 0; i < 1_000; i++) {
                exchange.write(new byte[1_000_000]);
            }
        });

        assertThat(rig.image(origin.url("/r"))).hasSize(1_000);
        origin.await(
                FetchRig.PATIENCE,
                "connection of the redirect closed",
                () -> origin.connections().getFirst().isClosed());
        assertThat(origin.connections().getFirst().bytesWritten()).isLessThan(50_000_000);
    }
}
