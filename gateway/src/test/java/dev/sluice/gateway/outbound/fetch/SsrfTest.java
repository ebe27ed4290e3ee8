package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.HostileUrls;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.TestDns;
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
        HostileUrls.nameThem(dns);
    }

    @AfterAll
    static void stop() {
        rig.close();
        dns.close();
        canary.close();
        origin.close();
    }

    static Stream<String> hostileUrls() {
        return HostileUrls.at(canary.port());
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
        origin.on(path, Behaviours.redirect(302, HostileUrls.inHeader(url)));

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
