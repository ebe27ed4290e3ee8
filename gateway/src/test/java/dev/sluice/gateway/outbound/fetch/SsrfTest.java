package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.TestDns;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * URLs that lead, or try to lead, where nobody may go, each as it is and as the target of a redirect. The canary
 * listens on every address of the machine, and the port checks let its port through: what stops these URLs is the
 * judgement of addresses, or of spellings.
 */
@ExtendWith(NoLeaks.class)
class SsrfTest {
    private static final String ZONE = "dns.test";
    private static final Set<FetchFailure> REFUSED = Set.of(FetchFailure.BLOCKED_ADDRESS, FetchFailure.INVALID_URL);

    private static final HostileOrigin origin = HostileOrigin.start();
    private static final Canary canary = Canary.start();
    private static final TestDns dns = TestDns.start();
    private static final FetchRig rig = FetchRig.with()
            .open(origin)
            .ports(canary.port(), 6379, 11211)
            .dns(dns)
            .start();

    @BeforeAll
    static void nameThePrivateOnes() {
        dns.answer("a-127-0-0-1." + ZONE, "127.0.0.1")
                .answer("mixed." + ZONE, "93.184.216.34", "127.0.0.1")
                .answer("aaaa-mapped." + ZONE, "::ffff:127.0.0.1")
                .answer("localhost", "127.0.0.1");
    }

    @AfterAll
    static void stop() {
        rig.close();
        dns.close();
        canary.close();
        origin.close();
    }

    /** The URLs of the list and some more. */
    static Stream<String> hostileUrls() {
        return Stream.concat(
                        listed(),
                        Stream.of(
                                "http://127.0.0.1\u3002:{P}/",
                                "http://127\u30020\u30020\u30021:{P}/",
                                "http://\uff11\uff12\uff17.0.0.1:{P}/",
                                "http://\u2460\u2461\u2466.0.0.1:{P}/",
                                "http://loc\u00adalhost:{P}/",
                                "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{P}/",
                                "http://LOCALHOST:{P}/",
                                "http://%6cocalhost:{P}/",
                                "http://127%2e0.0.1:{P}/",
                                "http://127.0.0.1%00.example.com:{P}/",
                                "http://127.0.0.1%2f.example.com:{P}/",
                                "http://[::1%25lo]:{P}/",
                                "http://[::1%lo]:{P}/",
                                "http://[fe80::1%25eth0]:{P}/",
                                "http://[::127.0.0.1]:{P}/",
                                "http://[::ffff:127.0.0.1]:{P}/",
                                "http://[::ffff:0:127.0.0.1]:{P}/",
                                "http://[64:ff9b::127.0.0.1]:{P}/",
                                "http://[64:ff9b:1::7f00:1]:{P}/",
                                "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
                                "http://[2a00:1450:4001:80b:0:5efe:7f00:1]:{P}/",
                                "http://[2a00:1450:4001:80b:200:5efe:a00:1]:{P}/",
                                "http://[5f00::1]/",
                                "http://[::1:{P}/",
                                "http://::1:{P}/",
                                "http://0177.0.0.01:{P}/",
                                "http://0x7f.1:{P}/",
                                "http://127.0.0.0x1:{P}/",
                                "http://127.0.0.256:{P}/",
                                "http://1.2.3.4.5:{P}/",
                                "http://0x:{P}/",
                                "http://127.0.0.1..:{P}/",
                                "http://127..0.1:{P}/",
                                "http:127.0.0.1:{P}/",
                                "http:/127.0.0.1:{P}/",
                                "http:///127.0.0.1:{P}/",
                                "http:\\\\127.0.0.1:{P}\\",
                                "http://example.com\\@127.0.0.1:{P}/",
                                "http://127.0.0.1:{P}\\@example.com/",
                                "http://127.0.0.1\t:{P}/",
                                "http://127.0.0.1\r\nHost: x:{P}/",
                                " http://127.0.0.1:{P}/",
                                "http ://127.0.0.1:{P}/",
                                "http://127.0.0.1 :{P}/",
                                "http://127.0.0.1:{P} /",
                                "http://168.63.129.16/",
                                "http://169.254.169.254/latest/meta-data/",
                                "http://[fd00:ec2::254]/latest/meta-data/",
                                "http://metadata_server/",
                                "http:////localhost:{P}/",
                                "ws://127.0.0.1:{P}/",
                                "unix:///var/run/docker.sock",
                                ""))
                .map(url -> url.replace("{P}", String.valueOf(canary.port())));
    }

    private static Stream<String> listed() {
        var list = Objects.requireNonNull(SsrfTest.class.getResourceAsStream("/ssrf.tsv"));
        try (var lines = new BufferedReader(new InputStreamReader(list, StandardCharsets.UTF_8))) {
            return lines
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split("\t", -1))
                    .filter(row -> row[1].contains("//") || row[1].contains(":"))
                    .filter(row -> !Set.of("redirect", "size", "time", "type").contains(row[0]))
                    .map(row -> row[1].replaceAll(" \\(.*\\)", "").replace("{A}", ZONE))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("hostileUrls")
    void urlIsRefusedAndNothingIsReached(String url) {
        FetchException failure = rig.failure(url);

        assertThat(failure.failure()).isIn(REFUSED);
        assertThat(canary.connections()).isZero();
    }

    @ParameterizedTest
    @MethodSource("hostileUrls")
    void redirectToItIsRefusedAndNothingIsReached(String url) {
        String path = "/redirect-to?" + Integer.toHexString(url.hashCode());
        origin.on(
                path,
                Behaviours.redirect(
                        302, new String(url.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)));

        FetchException failure = rig.failure(origin.url(path));

        // A line break in it makes the origin's answer malformed instead.
        assertThat(failure.failure())
                .isIn(
                        FetchFailure.BLOCKED_ADDRESS,
                        FetchFailure.INVALID_URL,
                        FetchFailure.UPSTREAM_STATUS,
                        FetchFailure.CONNECTION_FAILED);
        assertThat(canary.connections()).isZero();
    }
}
