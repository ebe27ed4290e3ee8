package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Certificate;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.TestDns;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NoLeaks.class)
class TlsTest {
    private static final Certificate certificate = Certificate.forAddress("127.0.0.2");
    private static final HostileOrigin origin = HostileOrigin.startTls("127.0.0.2", certificate.server());
    private static final HostileOrigin plain = HostileOrigin.start("127.0.0.2");
    private static final TestDns dns = TestDns.start().answer("other.test", "127.0.0.2");

    @BeforeAll
    static void serve() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));
        plain.on("/a.png", Behaviours.image(Pictures.png(2_000)));
    }

    @AfterAll
    static void stop() {
        dns.close();
        plain.close();
        origin.close();
    }

    private static FetchRig.Builder rig() {
        return FetchRig.with()
                .open("127.0.0.2/32")
                .set("connect-timeout", "1s")
                .set("retry.tries", 2)
                .ports(origin.port(), plain.port())
                .dns(dns);
    }

    private static FetchRig trusting() {
        return rig().trusting(certificate.trusted()).start();
    }

    @Test
    void trustedOriginIsFetched() {
        try (FetchRig rig = trusting()) {
            assertThat(rig.image(origin.url("/a.png"))).hasSize(1_000);
        }
    }

    @Test
    void untrustedOriginIsNotAskedAndNotTriedAgain() {
        int before = origin.requests().size();
        try (FetchRig rig = rig().start()) {
            FetchException failure = rig.failure(origin.url("/a.png"));

            assertThat(failure.failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
            assertThat(rig.meters().counter("sluice.fetch.retries").count()).isZero();
        }
        assertThat(origin.requests()).hasSize(before);
    }

    @Test
    void certificateOfAnotherNameIsNotAccepted() {
        int before = origin.requests().size();
        try (FetchRig rig = trusting()) {
            assertThat(rig.failure(origin.url("other.test", "/a.png")).failure())
                    .isEqualTo(FetchFailure.CONNECTION_FAILED);
        }
        assertThat(origin.requests()).hasSize(before);
    }

    @Test
    void bodyThatEndsWithItsConnectionIsWholeWhenTlsSaysSo() {
        byte[] png = Pictures.png(100_000);
        origin.on("/whole.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Connection: close");
            exchange.write(png);
            exchange.close();
        });
        try (FetchRig rig = trusting()) {
            assertThat(rig.image(origin.url("/whole.png"))).isEqualTo(png);
        }
    }

    @Test
    void bodyThatEndsWithItsConnectionIsNotWholeWhenTlsDoesNot() {
        origin.on("/cut.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Connection: close");
            exchange.write(Pictures.png(100_000));
            exchange.truncate();
        });
        try (FetchRig rig = trusting()) {
            assertThat(rig.failure(origin.url("/cut.png")).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        }
    }

    @Test
    void bodyOfItsLengthIsWholeHoweverTheConnectionEnds() {
        byte[] png = Pictures.png(100_000);
        origin.on("/length.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: 100000");
            exchange.write(png);
            exchange.truncate();
        });
        origin.on("/chunks.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Transfer-Encoding: chunked");
            exchange.chunk(png);
            exchange.write("0\r\n\r\n");
            exchange.truncate();
        });
        try (FetchRig rig = trusting()) {
            assertThat(rig.image(origin.url("/length.png"))).isEqualTo(png);
            assertThat(rig.image(origin.url("/chunks.png"))).isEqualTo(png);
        }
    }

    @Test
    void redirectFromHttpsToHttpIsRefused() {
        origin.on("/down", Behaviours.redirect(302, plain.url("/a.png")));
        int before = plain.requests().size();
        try (FetchRig rig = trusting()) {
            FetchException failure = rig.failure(origin.url("/down"));

            assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
            assertThat(failure).hasMessage("The origin redirects from https to http");
        }
        assertThat(plain.requests()).hasSize(before);
    }

    @Test
    void redirectFromHttpToHttpsIsFollowed() {
        plain.on("/up", Behaviours.redirect(301, origin.url("/a.png")));
        try (FetchRig rig = trusting()) {
            assertThat(rig.image(plain.url("/up"))).hasSize(1_000);
        }
    }

    @Test
    void plainAnswerOnATlsPortIsAFailedConnection() {
        try (FetchRig rig = trusting()) {
            String https = plain.url("/a.png").replace("http://", "https://");

            assertThat(rig.failure(https).failure()).isIn(FetchFailure.CONNECTION_FAILED, FetchFailure.TIMED_OUT);
        }
    }
}
