package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Certificate;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.PythonTlsOrigin;
import dev.sluice.gateway.testing.TestDns;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of https origins, among them those that Java takes for none. */
@ExtendWith(NoLeaks.class)
class TlsNameTest {
    private static final Certificate certificate = Certificate.forNames("*.names.test", "Exact.test", "*.test");
    private static final TestDns dns = TestDns.start();

    @TempDir
    private static Path directory;

    private static PythonTlsOrigin origin;

    @BeforeAll
    static void serve() {
        origin = PythonTlsOrigin.start(directory, certificate, Pictures.png(1_000));
    }

    @AfterAll
    static void stop() {
        dns.close();
        if (origin != null) {
            origin.close();
        }
    }

    private static FetchRig rig(FetchRig.Builder builder) {
        return builder.open("127.0.0.2/32")
                .set("connect-timeout", "5s")
                .set("retry.tries", 1)
                .ports(origin.port())
                .dns(dns)
                .start();
    }

    private static String url(String host) {
        return "https://" + host + ":" + origin.port() + "/a.png";
    }

    @ParameterizedTest
    @ValueSource(strings = {"usual.names.test", "my_bucket.names.test", "-a.names.test", "a-.names.test", "exact.test"})
    void originIsNamedToItselfAndKnownByItsCertificate(String host) {
        dns.answer(host, "127.0.0.2");
        try (FetchRig rig = rig(FetchRig.with().trusting(certificate.trusted()))) {
            assertThat(rig.image(url(host))).hasSize(1_000);
        }
        Await.until(
                FetchRig.PATIENCE,
                "the origin has told its name",
                () -> origin.names().contains(host));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a_b.c.names.test", "my_bucket.test", "exact_.test", "my_bucket.other.test"})
    void certificateOfAnotherNameIsNotAccepted(String host) {
        dns.answer(host, "127.0.0.2");
        try (FetchRig rig = rig(FetchRig.with().trusting(certificate.trusted()))) {
            assertThat(rig.failure(url(host)).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        }
    }

    @Test
    void certificateThatNobodyVouchesForIsNotAcceptedForAnUnusualNameEither() {
        dns.answer("my_bucket.names.test", "127.0.0.2");
        try (FetchRig rig = rig(FetchRig.with())) {
            assertThat(rig.failure(url("my_bucket.names.test")).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "exact.test, true",
        "a_b.names.test, true",
        "names.test, false",
        "a.b_.names.test, false",
        "a_b.test, false",
        "a_b, false"
    })
    void wildcardStandsForOneLabel(String host, boolean good) throws CertificateException {
        assertThat(OriginTls.isFor(certificate.x509(), host)).isEqualTo(good);
    }

    @Test
    void certificateOfAnAddressIsForNoName() throws CertificateException {
        assertThat(OriginTls.isFor(Certificate.forAddress("127.0.0.2").x509(), "127.0.0.2"))
                .isFalse();
    }
}
