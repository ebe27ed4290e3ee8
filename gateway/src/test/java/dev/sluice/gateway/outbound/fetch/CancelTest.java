package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.TestDns;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A fetch that nobody waits for any more ends at once, wherever it is. */
@ExtendWith(NoLeaks.class)
@Timeout(20)
class CancelTest {
    private static final Duration AT_ONCE = Duration.ofSeconds(3);

    private final HostileOrigin origin = HostileOrigin.start();
    private final TestDns dns = TestDns.start();
    private final FetchRig rig =
            FetchRig.with().open(origin).dns(dns).ports(origin.port()).start();

    @AfterEach
    void stop() {
        rig.close();
        dns.close();
        origin.close();
    }

    private Mono<byte[]> image() {
        return rig.fetch().fetch(FetchRig.request(origin.url("/a.png"), 10_000_000), FetchRig::bytes);
    }

    @Test
    void whileTheOriginIsSilent() {
        origin.on("/a.png", Behaviours.silent());
        Disposable fetch = image().subscribe(done -> {}, error -> {});
        origin.awaitRequests(1, FetchRig.PATIENCE);

        fetch.dispose();

        origin.awaitAllClosed(AT_ONCE);
    }

    @Test
    void whileTheHeaderDrips() {
        origin.on("/a.png", Behaviours.slowHeaders(Duration.ofMillis(5)));
        Disposable fetch = image().subscribe(done -> {}, error -> {});
        origin.awaitRequests(1, FetchRig.PATIENCE);

        fetch.dispose();

        origin.awaitAllClosed(AT_ONCE);
    }

    @Test
    void whileTheStartIsLookedAt() {
        origin.on("/a.png", Behaviours.stalled(1_000_000, 20));
        Disposable fetch = image().subscribe(done -> {}, error -> {});
        origin.await(
                FetchRig.PATIENCE,
                "the start is sent",
                () -> !origin.connections().isEmpty()
                        && origin.connections().getFirst().bytesWritten() > 60);

        fetch.dispose();

        origin.awaitAllClosed(AT_ONCE);
    }

    @Test
    void whileTheBodyComes() throws InterruptedException {
        origin.on("/a.png", Behaviours.stalled(1_000_000, 500_000));
        var reading = new CountDownLatch(1);
        Disposable fetch = rig.fetch()
                .fetch(
                        FetchRig.request(origin.url("/a.png"), 1_000_000),
                        response -> response.body()
                                .doOnNext(buffer -> {
                                    DataBufferUtils.release(buffer);
                                    reading.countDown();
                                })
                                .then())
                .subscribe(done -> {}, error -> {});
        assertThat(reading.await(5, TimeUnit.SECONDS)).isTrue();

        fetch.dispose();

        origin.awaitAllClosed(AT_ONCE);
    }

    @Test
    void whileTheReaderAsksForNothing() throws InterruptedException {
        origin.on("/a.png", Behaviours.sized(1_000_000));
        var reading = new CountDownLatch(1);
        Disposable fetch = rig.fetch()
                .fetch(FetchRig.request(origin.url("/a.png"), 1_000_000), response -> {
                    reading.countDown();
                    return response.body()
                            .concatMap(
                                    buffer -> {
                                        DataBufferUtils.release(buffer);
                                        return Mono.never();
                                    },
                                    0)
                            .then();
                })
                .subscribe(done -> {}, error -> {});
        assertThat(reading.await(5, TimeUnit.SECONDS)).isTrue();

        fetch.dispose();

        origin.awaitAllClosed(AT_ONCE);
    }

    @Test
    void whileItWaitsForAnotherTry() {
        try (var patient = FetchRig.with()
                .open(origin)
                .set("retry.backoff", "5s")
                .set("retry.max-backoff", "5s")
                .start()) {
            origin.on("/a.png", Behaviours.status(503));
            Disposable fetch = patient.fetch()
                    .fetch(FetchRig.request(origin.url("/a.png"), 1_000), FetchRig::bytes)
                    .subscribe(done -> {}, error -> {});
            origin.awaitRequests(1, FetchRig.PATIENCE);

            fetch.dispose();

            assertThat(patient.meters()
                            .timer("sluice.fetch", "outcome", "cancelled")
                            .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void whileTheNameIsLookedFor() {
        dns.never("never.test");
        Disposable fetch = rig.fetch()
                .fetch(FetchRig.request(origin.url("never.test", "/a.png"), 1_000), FetchRig::bytes)
                .subscribe(done -> {}, error -> {});
        origin.await(FetchRig.PATIENCE, "the name is asked for", () -> dns.queries("never.test") > 0);

        fetch.dispose();

        assertThat(origin.connections()).isEmpty();
    }

    @RepeatedTest(10)
    void atAnyMomentItLeavesNothingBehind() {
        origin.on("/a.png", Behaviours.chunked(400_000));
        var ended = new AtomicInteger();
        List<Disposable> fetches = Flux.range(0, 20)
                .map(i -> image().doFinally(end -> ended.incrementAndGet()).subscribe(bytes -> {}, error -> {}))
                .collectList()
                .block(FetchRig.PATIENCE);
        origin.awaitRequests(1 + (int) (System.nanoTime() % 15), FetchRig.PATIENCE);

        Objects.requireNonNull(fetches).forEach(Disposable::dispose);

        origin.await(AT_ONCE, "all fetches ended", () -> ended.get() == 20);
    }

    @Test
    void everythingStaysOnTheEventLoopItBeganOn() {
        origin.on("/a.png", Behaviours.sized(500_000));
        for (int i = 0; i < 10; i++) {
            var eventLoop = rig.transport().clients().choose();
            var threads = new ConcurrentLinkedQueue<Thread>();
            rig.fetch()
                    .fetch(FetchRig.request(origin.url("/a.png"), 500_000), response -> {
                        threads.add(Thread.currentThread());
                        return response.body()
                                .doOnNext(buffer -> {
                                    threads.add(Thread.currentThread());
                                    DataBufferUtils.release(buffer);
                                })
                                .then();
                    })
                    .doFinally(end -> threads.add(Thread.currentThread()))
                    .subscribeOn(eventLoop.scheduler())
                    .block(FetchRig.PATIENCE);

            assertThat(threads).allSatisfy(thread -> assertThat(thread).isSameAs(threads.peek()));
            assertThat(eventLoop
                            .loop()
                            .submit(Thread::currentThread)
                            .syncUninterruptibly()
                            .getNow())
                    .isSameAs(threads.peek());
        }
    }

    @Test
    void twoImagesOfOneOriginShareNoThreadWhenTheyBeganOnTwo() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));
        var one = rig.transport().clients().choose();
        var two = rig.transport().clients().choose();
        assertThat(one).isNotSameAs(two);

        for (EventLoopClients.EventLoopClient eventLoop : List.of(one, two, one, two)) {
            Thread ran = rig.fetch()
                    .fetch(
                            FetchRig.request(origin.url("/a.png"), 1_000),
                            response -> FetchRig.bytes(response).map(bytes -> Thread.currentThread()))
                    .subscribeOn(eventLoop.scheduler())
                    .block(FetchRig.PATIENCE);
            assertThat(ran)
                    .isSameAs(eventLoop
                            .loop()
                            .submit(Thread::currentThread)
                            .syncUninterruptibly()
                            .getNow());
        }
        // Pools are apart: an idle connection of the other loop was not taken.
        assertThat(origin.connections()).hasSize(2);
    }
}
