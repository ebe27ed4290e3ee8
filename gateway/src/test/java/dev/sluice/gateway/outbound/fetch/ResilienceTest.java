package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.TestDns;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Tries, breakers, bulkheads, and what the meters show of them. */
@ExtendWith(NoLeaks.class)
class ResilienceTest {
    private final HostileOrigin origin = HostileOrigin.start();
    private final TestDns dns = TestDns.start();
    private final FetchRig rig = FetchRig.with()
            .open(origin)
            .dns(dns)
            .ports(origin.port())
            .set("breaker.window", 6)
            .set("breaker.failure-percent", 50)
            // And what its failures are remembered for, twice: a few requests take less on a busy machine, too.
            .set("breaker.rest", "2s")
            .set("breaker.probes", 1)
            .set("connections.per-host", 2)
            .set("connections.pending-per-host", 1)
            .set("max-tracked-hosts", 10)
            .start();

    @AfterEach
    void stop() {
        rig.close();
        dns.close();
        origin.close();
    }

    static Stream<HostileOrigin.Behaviour> passingTroubles() {
        return Stream.of(
                Behaviours.status(500),
                Behaviours.status(502),
                Behaviours.status(503, "Retry-After: 0"),
                Behaviours.status(429),
                Behaviours.status(429, "Retry-After: Sat, 21 Nov 2020 00:00:00 GMT"),
                Behaviours.status(429, "Retry-After: whenever"),
                Behaviours.reset(),
                Behaviours.raw(""),
                Behaviours.raw("HTTP/1.1 2"),
                Behaviours.raw("HTTP/1.1 200 OK\r\nContent-Ty"));
    }

    @ParameterizedTest
    @MethodSource("passingTroubles")
    void troubleThatPassesIsTriedAgain(HostileOrigin.Behaviour trouble) {
        origin.on("/a.png", Behaviours.failing(2, trouble, Behaviours.image(Pictures.png(1_000))));

        assertThat(rig.image(origin.url("/a.png"))).hasSize(1_000);
        assertThat(origin.requests()).hasSize(3);
        assertThat(rig.meters().counter("sluice.fetch.retries").count()).isEqualTo(2);
    }

    @Test
    void troubleThatStaysIsToldAfterThreeTries() {
        origin.on("/a.png", Behaviours.status(503));

        FetchException failure = rig.failure(origin.url("/a.png"));

        assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
        assertThat(failure.status()).isEqualTo(503);
        assertThat(origin.requests()).hasSize(3);
    }

    @Test
    void waitThatOutlastsTheDeadlineIsNotBegun() {
        origin.on("/a.png", Behaviours.status(429, "Retry-After: 3600"));

        assertThat(rig.failure(origin.url("/a.png")).status()).isEqualTo(429);
        assertThat(origin.requests()).hasSize(1);
    }

    @Test
    void dateToWaitForIsReadByTheGatewaysClock() {
        Clock clock = Clock.fixed(Instant.parse("2020-11-20T23:00:00Z"), ZoneOffset.UTC);
        origin.on("/a.png", Behaviours.status(429, "Retry-After: Sat, 21 Nov 2020 00:00:00 GMT"));
        try (FetchRig early = FetchRig.with().open(origin).clock(clock).start()) {
            assertThat(early.failure(origin.url("/a.png")).status()).isEqualTo(429);
        }
        assertThat(origin.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 410})
    void answerThatWillNotChangeIsNotAskedForAgain(int status) {
        origin.on("/a.png", Behaviours.status(status));

        rig.failure(origin.url("/a.png"));

        assertThat(origin.requests()).hasSize(1);
    }

    @Test
    void originThatKeepsFailingIsGivenARestAndThenProbed() {
        origin.on("/bad.png", Behaviours.reset());
        origin.on("/good.png", Behaviours.image(Pictures.png(1_000)));
        failForOthers(8);
        int asked = origin.requests().size();

        FetchException resting = rig.failure(origin.url("/good.png"));

        assertThat(resting.failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        assertThat(origin.requests()).hasSize(asked);
        assertThat(origins("open")).isEqualTo(1);
        origin.await(
                FetchRig.PATIENCE, "the origin is asked again", () -> rig.failure(origin.url("/good.png")) == null);
        assertThat(origins("closed")).isEqualTo(1);
    }

    /** The first two of them do not know yet that it has failed others too, so they are not counted. */
    private void failForOthers(int callers) {
        for (int i = 0; i < callers; i++) {
            assertThat(rig.failure("other-" + i, origin.url("/bad.png"))).isNotNull();
        }
    }

    @Test
    void oneCallerDoesNotCloseAnOriginToTheOthers() {
        origin.on("/bad.png", Behaviours.status(503));
        origin.on("/broken.png", Behaviours.reset());
        origin.on("/good.png", Behaviours.image(Pictures.png(1_000)));
        for (int i = 0; i < 20; i++) {
            rig.failure("mallory", origin.url(i % 2 == 0 ? "/bad.png" : "/broken.png"));
        }

        assertThat(rig.failure("alice", origin.url("/good.png"))).isNull();
        assertThat(origins("open")).isZero();
    }

    @Test
    void requestIsCountedOnceHoweverOftenItIsTried() {
        origin.on("/bad.png", Behaviours.status(503));
        failForOthers(7);
        assertThat(origins("open")).isZero();
        assertThat(origin.requests()).hasSize(7 * 3);

        failForOthers(1);
        assertThat(origins("open")).isEqualTo(1);
    }

    @Test
    void originThatCannotBeConnectedToRestsWhoeverAsks() {
        HostileOrigin gone = HostileOrigin.start();
        String url = gone.url("/a.png");
        try (var other = FetchRig.with().open(gone).set("breaker.window", 2).start()) {
            gone.close();
            other.failure("alice", url);
            other.failure("alice", url);

            assertThat(other.failure("alice", url)).hasMessageContaining("rest");
        }
    }

    @Test
    void originsDoNotShareABreaker() {
        try (var other = HostileOrigin.start();
                var both = FetchRig.with()
                        .open(origin)
                        .open(other)
                        .set("breaker.window", 2)
                        .start()) {
            origin.on("/a.png", Behaviours.reset());
            other.on("/a.png", Behaviours.image(Pictures.png(1_000)));
            for (String caller : List.of("one", "two", "three", "four")) {
                both.failure(caller, origin.url("/a.png"));
            }

            assertThat(both.failure(origin.url("/a.png"))).hasMessageContaining("rest");
            assertThat(both.image(other.url("/a.png"))).hasSize(1_000);
        }
    }

    @Test
    void refusalsOfThisSideDoNotOpenTheBreakerAndAreNotTriedAgain() {
        dns.answer("private.test", "127.0.0.1");
        origin.on("/html", Behaviours.body("text/html", new byte[10]));
        origin.on("/large", Behaviours.sized(10_000_000));
        origin.on("/missing", Behaviours.status(404));
        origin.on("/good.png", Behaviours.image(Pictures.png(1_000)));
        for (int i = 0; i < 10; i++) {
            assertThat(rig.failure(origin.url("private.test", "/")).failure()).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
            rig.failure(origin.url("/html"));
            rig.failure(origin.url("/large"));
            rig.failure(origin.url("/missing"));
        }

        assertThat(rig.image(origin.url("/good.png"))).hasSize(1_000);
        assertThat(origins("open")).isZero();
        assertThat(rig.meters().counter("sluice.fetch.retries").count()).isZero();
        assertThat(rig.meters()
                        .counter("sluice.fetch.refusals", "reason", "blocked_address")
                        .count())
                .isEqualTo(10);
    }

    @Test
    void bulkheadRefusesWhatIsTooMuchForOneOriginAtOnce() {
        var full = new CountDownLatch(5);
        origin.on("/slow.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: 1000");
            exchange.write(Pictures.png(500));
            await(full);
            exchange.write(Arrays.copyOfRange(Pictures.png(1_000), 500, 1_000));
        });
        var request = FetchRig.request(origin.url("/slow.png"), 1_000);

        // Two connections and one that waits: of eight, five are refused before they wait for anything.
        Mono<List<String>> outcomes = Flux.range(0, 8)
                .flatMap(i -> rig.fetch()
                        .fetch(request, FetchRig::bytes)
                        .map(bytes -> "done")
                        .onErrorResume(FetchException.class, e -> {
                            full.countDown();
                            return Mono.just(String.valueOf(e.getMessage()));
                        }))
                .collectList();

        assertThat(outcomes.block(FetchRig.PATIENCE))
                .filteredOn(outcome -> outcome.startsWith("Too many requests"))
                .hasSize(5);
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(5, TimeUnit.SECONDS)) {
            throw new AssertionError("nobody was refused");
        }
    }

    @Test
    void numberOfRememberedOriginsIsBounded() {
        for (int i = 0; i < 100; i++) {
            dns.answer("h" + i + ".test", "127.0.0.1");
            rig.failure(origin.url("h" + i + ".test", "/"));
        }

        assertThat(origins("closed")).isEqualTo(10);
    }

    @Test
    void outcomesAndBytesAreMeasured() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));
        rig.image(origin.url("/a.png"));
        rig.failure(origin.url("/missing"));
        rig.fetch()
                .fetch(
                        new FetchRequest(
                                origin.url("/a.png"),
                                1_000,
                                Duration.ofSeconds(5),
                                UrlPolicy.PUBLIC_WEB,
                                Media.RASTER_IMAGE),
                        response -> Mono.error(new IllegalStateException("own")))
                .onErrorComplete()
                .block(FetchRig.PATIENCE);

        assertThat(rig.meters().timer("sluice.fetch", "outcome", "ok").count()).isEqualTo(1);
        assertThat(rig.meters()
                        .timer("sluice.fetch", "outcome", "upstream_status")
                        .count())
                .isEqualTo(1);
        assertThat(rig.meters()
                        .timer("sluice.fetch", "outcome", "reader_failed")
                        .count())
                .isEqualTo(1);
        // Those of the last came too, though its reader did not want them.
        assertThat(rig.meters().counter("sluice.fetch.bytes").count()).isEqualTo(2_000);
    }

    private double origins(String breaker) {
        return rig.meters()
                .get("sluice.fetch.origins")
                .tag("breaker", breaker)
                .gauge()
                .value();
    }
}
