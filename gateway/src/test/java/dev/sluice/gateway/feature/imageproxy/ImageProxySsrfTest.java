package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.reason;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.HostileUrls;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.TestDns;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Nothing shown by the proxy comes from inside, and no refusal tells what is there. */
@ExtendWith(NoLeaks.class)
class ImageProxySsrfTest {
    /** A reference that is relative to browsers, however much it looks like a host (WHATWG URL, special schemes). */
    private static final Pattern RELATIVE = Pattern.compile("(?i)https?(:/?[^/\\\\]| :).*", Pattern.DOTALL);

    @TempDir
    private static Path directory;

    private static final Canary canary = Canary.start();
    private static final TestDns dns = TestDns.start();
    private static ProxyRig rig;

    @BeforeAll
    static void start() {
        HostileUrls.nameThem(dns);
        rig = ProxyRig.in(
                directory,
                "sluice.fetch.allow-ports",
                canary.port() + ",6379,11211",
                "sluice.fetch.dns.servers",
                dns.addressAndPort());
    }

    @AfterAll
    static void stop() {
        rig.close();
        dns.close();
        canary.close();
    }

    static Stream<String> hostileUrls() {
        return HostileUrls.at(canary.port());
    }

    @ParameterizedTest
    @MethodSource("hostileUrls")
    void urlIsRefusedAndNothingIsReached(String url) {
        HttpResponse<byte[]> answer = rig.getUrl(url);

        if (answer.statusCode() == 502) {
            assertThat(uniform(answer)).isEqualTo(refusal());
        } else {
            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(code(answer)).isIn("invalid_url", "unsupported_scheme");
        }
        assertThat(canary.connections()).isZero();
    }

    @ParameterizedTest
    @MethodSource("hostileUrls")
    void redirectToItIsRefusedAndNothingIsReached(String url) {
        String path = "/redirect-to?" + Integer.toHexString(url.hashCode());
        rig.origin.on(path, Behaviours.redirect(302, HostileUrls.inHeader(url)));

        for (int time = 1; time <= 2; time++) {
            HttpResponse<byte[]> answer = rig.get(path);

            if (RELATIVE.matcher(url).matches()) {
                // "http:host" names no other host to browsers: the origin itself is asked, which has nothing there.
                assertThat(answer.statusCode()).isIn(404, 502);
                assertThat(reason(answer)).isIn("upstream_status", "invalid_url", "blocked_address");
                continue;
            }
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(code(answer)).isEqualTo("upstream_failed");
            if (reason(answer).equals("blocked_address")) {
                assertThat(uniform(answer)).isEqualTo(refusal());
            } else {
                // Its spelling is what is wrong; a line break in it makes the origin's answer malformed.
                assertThat(reason(answer)).isIn("invalid_url", "upstream_status", "connection_failed");
            }
        }
        assertThat(rig.origin.requests(path)).isEqualTo(1);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void whoeverIsRefusedForAnAddressLearnsNothingElse() {
        String inside = "http://127.0.0.1:" + canary.port() + "/";
        rig.origin
                .on("/to-open-port", Behaviours.redirect(302, inside))
                .on("/to-closed-port", Behaviours.redirect(307, "http://127.0.0.1:6379/"));
        List<String> urls = List.of(
                "http://10.0.0.1/",
                "http://[::1]:" + canary.port() + "/",
                inside,
                "http://127.0.0.1:6379/",
                "http://a-127-0-0-1.dns.test/",
                "http://mixed.dns.test/",
                "http://aaaa-mapped.dns.test/other?path",
                rig.origin.url("/to-open-port"),
                rig.origin.url("/to-closed-port"));

        for (int time = 1; time <= 2; time++) {
            assertThat(urls)
                    .allSatisfy(url -> assertThat(uniform(rig.getUrl(url))).isEqualTo(refusal()));
        }
        assertThat(canary.connections()).isZero();
    }

    private static String refusal() {
        return "502 sluice; fwd=uri-miss {\"type\":\"about:blank\",\"title\":\"An upstream failed\",\"status\":502,"
                + "\"detail\":\"The URL leads to an address that may not be reached.\","
                + "\"instance\":\"/api/image-proxy\",\"code\":\"upstream_failed\",\"error\":\"upstream_failed\","
                + "\"requestId\":\"?\",\"reason\":\"blocked_address\"}";
    }

    /** All of an answer that a caller can compare. */
    private static String uniform(HttpResponse<byte[]> answer) {
        String body = new String(answer.body(), StandardCharsets.UTF_8);
        return answer.statusCode() + " " + cacheStatus(answer) + " "
                + body.replaceAll("\"requestId\":\"[^\"]+\"", "\"requestId\":\"?\"");
    }

    @Test
    void fieldsOfRefusalsAreTheSameToo() {
        rig.origin.on("/to-inside", Behaviours.redirect(302, "http://10.1.2.3/"));

        Map<String, List<String>> direct = fields(rig.getUrl("http://10.0.0.1/"));
        Map<String, List<String>> redirected = fields(rig.get("/to-inside"));

        assertThat(redirected).isEqualTo(direct);
    }

    private static Map<String, List<String>> fields(HttpResponse<byte[]> answer) {
        Map<String, List<String>> fields = new TreeMap<>(answer.headers().map());
        fields.keySet().removeIf(name -> name.equalsIgnoreCase("X-Request-Id") || name.equalsIgnoreCase("Date"));
        return fields;
    }
}
