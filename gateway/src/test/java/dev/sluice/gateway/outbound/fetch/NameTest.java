package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Neighbours;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.TestDns;
import java.io.File;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, and name servers that lie. 127.0.0.2 is opened and stands for the public internet; 127.0.0.1 is private. */
@ExtendWith(NoLeaks.class)
class NameTest {
    private final Neighbours neighbours = Neighbours.start();
    private final HostileOrigin origin = neighbours.origin();
    private final Canary canary = neighbours.canary();
    private final TestDns dns = TestDns.start();
    private final FetchRig rig =
            FetchRig.with().open("127.0.0.2/32").ports(origin.port()).dns(dns).start();

    @BeforeEach
    void serve() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));
        origin.on("/close", Behaviours.reset());
    }

    @AfterEach
    void stop() {
        rig.close();
        dns.close();
        canary.close();
        origin.close();
    }

    private String canaryUrl(String name) {
        return "http://" + name + ":" + canary.port() + "/";
    }

    @Test
    void nameOfAnAllowedAddressIsFetched() {
        dns.answer("good.test", "127.0.0.2");

        assertThat(rig.image(origin.url("good.test", "/a.png"))).hasSize(1_000);
        assertThat(origin.requests().getFirst().header("Host")).containsExactly("good.test:" + origin.port());
    }

    @Test
    void aliasOfAnAllowedAddressIsFetched() {
        dns.cname("alias.test", "good.test").answer("good.test", "127.0.0.2");

        assertThat(rig.image(origin.url("alias.test", "/a.png"))).hasSize(1_000);
    }

    @Test
    void unicodeNameIsAskedForInAscii() {
        dns.answer("xn--bcher-kva.test", "127.0.0.2");

        assertThat(rig.image(origin.url("Bücher。test", "/a.png"))).hasSize(1_000);
    }

    @ParameterizedTest
    @CsvSource({
        "straße.test, xn--strae-oqa.test",
        "\ud83e\udee0.test, xn--129h.test",
        "my_bucket.test, my_bucket.test",
        "-a.b-.test, -a.b-.test"
    })
    void nameThatBrowsersReachIsReached(String written, String asked) {
        dns.answer(asked, "127.0.0.2");

        assertThat(rig.image(origin.url(written, "/a.png"))).hasSize(1_000);
        assertThat(dns.queries("strasse.test")).isZero();
        assertThat(origin.requests().getFirst().header("Host")).containsExactly(asked + ":" + origin.port());
    }

    @ParameterizedTest
    @ValueSource(strings = {"straße.test", "my_bucket.test", "-a.b-.test"})
    void addressOfAnUnusualNameIsJudgedAsAnyOther(String written) {
        dns.answer("xn--strae-oqa.test", "127.0.0.1")
                .answer("my_bucket.test", "127.0.0.1")
                .answer("-a.b-.test", "127.0.0.1");

        assertThat(rig.failure(canaryUrl(written)).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void finalDotMakesNoDifference() {
        dns.answer("good.test", "127.0.0.2");

        assertThat(rig.image(origin.url("good.test.", "/a.png"))).hasSize(1_000);
    }

    @RepeatedTest(50)
    void nameWithOnePrivateAddressIsRefusedInEveryOrder(RepetitionInfo repetition) {
        boolean privateFirst = repetition.getCurrentRepetition() % 2 == 0;
        dns.answer("mixed.test", privateFirst ? "127.0.0.1" : "127.0.0.2", privateFirst ? "127.0.0.2" : "127.0.0.1");

        assertThat(rig.failure(canaryUrl("mixed.test")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        assertThat(canary.connections()).isZero();
        assertThat(origin.connections()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"::1", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1", "fc00::1", "64:ff9b::7f00:1"})
    void privateAddressOfTheOtherFamilyRefusesTheName(String address) {
        dns.answer("both.test", "127.0.0.2", address);

        assertThat(rig.failure(canaryUrl("both.test")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void aliasOfAPrivateAddressIsRefused() {
        dns.cname("alias.test", "private.test").answer("private.test", "127.0.0.1");

        assertThat(rig.failure(canaryUrl("alias.test")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void nameThatChangesItsAddressIsConnectedWhereItWasChecked() {
        dns.rebinding("rebind.test", "127.0.0.2", "127.0.0.1");
        int reached = 0;
        for (int i = 0; i < 10; i++) {
            String url = origin.url("rebind.test", i % 2 == 0 ? "/a.png" : "/close");
            FetchException failure = rig.failure(url);
            reached += failure == null ? 1 : 0;
        }

        // Each event loop asks for itself: one was told the truth, the other was not.
        assertThat(reached).isPositive();
        assertThat(dns.queries("rebind.test")).isGreaterThanOrEqualTo(2);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void nameThatTurnsPrivateIsRefused() {
        dns.answer("turns.test", "127.0.0.1");
        assertThat(rig.failure(canaryUrl("turns.test")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
        dns.answer("turned.test", "127.0.0.2");
        assertThat(rig.image(origin.url("turned.test", "/a.png"))).hasSize(1_000);
        assertThat(canary.connections()).isZero();
    }

    @Test
    void nameWithoutAnAddressIsAFailedConnection() {
        FetchException failure = rig.failure(canaryUrl("nowhere.test"));

        assertThat(failure.failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        assertThat(failure).hasMessage("The host name has no address");
    }

    @Test
    void nameIsNotLookedForInSearchDomains() {
        rig.failure(canaryUrl("short"));

        assertThat(dns.queries("short")).isPositive();
    }

    @Test
    void nameServerThatNeverAnswersEndsInTime() {
        dns.never("never.test");
        try (var impatient = FetchRig.with()
                .dns(dns)
                .ports(origin.port())
                .set("dns.timeout", "200ms")
                .start()) {
            FetchException failure = impatient.failure(canaryUrl("never.test"));

            assertThat(failure.failure()).isEqualTo(FetchFailure.TIMED_OUT);
            assertThat(failure).hasMessage("No name server answered in time");
        }
    }

    @Test
    void nameServerThatAnswersLateIsWaitedForWithinItsTime() {
        dns.delayed("late.test", Duration.ofMillis(100), "127.0.0.2");

        assertThat(rig.image(origin.url("late.test", "/a.png"))).hasSize(1_000);
    }

    @Test
    void deadlineEndsTheWaitForAName() {
        dns.never("never.test");
        var request = new FetchRequest(
                canaryUrl("never.test"), 1_000, Duration.ofMillis(50), UrlPolicy.PUBLIC_WEB, Media.RASTER_IMAGE);

        assertThat(rig.failure(request).failure()).isEqualTo(FetchFailure.TIMED_OUT);
    }

    @Test
    void refusalSaysTheSameWhateverIsBehindIt() {
        dns.answer("private.test", "127.0.0.1").answer("closed.test", "10.255.255.254");

        FetchException literal = rig.failure(canaryUrl("127.0.0.1"));
        FetchException named = rig.failure(canaryUrl("private.test"));
        FetchException elsewhere = rig.failure(canaryUrl("closed.test"));
        origin.on("/r", Behaviours.redirect(302, canaryUrl("private.test")));
        dns.answer("good.test", "127.0.0.2");
        FetchException redirected = rig.failure(origin.url("good.test", "/r"));

        assertThat(List.of(literal, named, elsewhere, redirected)).allSatisfy(failure -> {
            assertThat(failure.failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
            assertThat(failure).hasMessage("The URL leads to an address that may not be reached");
            assertThat(failure.status()).isZero();
        });
    }

    @Test
    void thousandRefusalsLeaveNoFileOpen() {
        dns.answer("private.test", "127.0.0.1");
        for (int i = 0; i < 50; i++) {
            rig.failure(canaryUrl("private.test"));
        }
        long before = openFiles();

        for (int i = 0; i < 1_000; i++) {
            rig.failure(canaryUrl(i % 2 == 0 ? "private.test" : "127.0.0.1"));
        }

        origin.await(FetchRig.PATIENCE, "no more files open than before", () -> openFiles() <= before + 5);
        assertThat(canary.connections()).isZero();
    }

    private static long openFiles() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? 0 : open.length;
    }
}
