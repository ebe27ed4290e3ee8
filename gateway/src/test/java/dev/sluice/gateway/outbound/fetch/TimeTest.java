package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Mono;

/** Every wait has an end. The bounds here are short; none of these tests is as long as its requests' deadline. */
@ExtendWith(NoLeaks.class)
@Timeout(15)
class TimeTest {
    private final HostileOrigin origin = HostileOrigin.start();
    private final FetchRig rig = FetchRig.with()
            .open("127.0.0.2/32")
            .open(origin)
            .ports(origin.port())
            .set("first-byte-timeout", "1s")
            .set("minimum-rate.bytes-per-second", "1KB")
            .set("minimum-rate.grace", "500ms")
            .start();

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    private FetchException failure(HostileOrigin.Behaviour behaviour) {
        origin.on("/a.png", behaviour);
        FetchException failure = rig.failure(origin.url("/a.png"));
        origin.awaitAllClosed(Duration.ofSeconds(2));
        return failure;
    }

    @Test
    void originThatAcceptsAndSaysNothingEndsWithTheFirstByteTimeout() {
        FetchException failure = failure(Behaviours.silent());

        assertThat(failure.failure()).isEqualTo(FetchFailure.TIMED_OUT);
        assertThat(failure).hasMessage("The origin did not answer in time");
        assertThat(origin.requests()).hasSize(1);
    }

    @Test
    void headerThatDripsEndsWithTheFirstByteTimeout() {
        FetchException failure = failure(Behaviours.slowHeaders(Duration.ofMillis(20)));

        assertThat(failure).hasMessage("The origin did not answer in time");
    }

    @Test
    void bodyThatDripsEndsWithTheMinimumRate() {
        FetchException failure = failure(Behaviours.drip(10_000, Duration.ofMillis(20)));

        assertThat(failure.failure()).isEqualTo(FetchFailure.TIMED_OUT);
        assertThat(failure).hasMessage("The body came too slowly");
    }

    @Test
    void bodyThatStallsEndsWithTheMinimumRate() {
        FetchException failure = failure(Behaviours.stalled(100_000, 50_000));

        assertThat(failure).hasMessage("The body came too slowly");
    }

    @Test
    void bodyThatNeverBeginsEndsWithTheMinimumRate() {
        assertThat(failure(Behaviours.stalled(100_000, 0))).hasMessage("The body came too slowly");
    }

    @Test
    void readerThatTakesItsTimeIsNotTheOriginsFault() {
        origin.on("/a.png", Behaviours.image(Pictures.png(500_000)));

        Long read = rig.fetch()
                .fetch(
                        FetchRig.request(origin.url("/a.png"), 500_000),
                        response -> response.body()
                                .concatMap(
                                        buffer -> Mono.delay(Duration.ofMillis(60))
                                                .thenReturn(buffer),
                                        1)
                                .map(buffer -> {
                                    long size = buffer.readableByteCount();
                                    DataBufferUtils.release(buffer);
                                    return size;
                                })
                                .reduce(Long::sum))
                .block(FetchRig.PATIENCE);

        assertThat(read).isEqualTo(500_000);
    }

    @Test
    void handshakeThatStallsEndsWithTheConnectTimeout() throws IOException {
        try (var silent = new ServerSocket(0, 16, InetAddress.getByName("127.0.0.2"));
                var tls = FetchRig.with()
                        .open("127.0.0.2:" + silent.getLocalPort())
                        .set("connect-timeout", "200ms")
                        .set("retry.tries", 1)
                        .start()) {
            FetchException failure = tls.failure("https://127.0.0.2:" + silent.getLocalPort() + "/a.png");

            assertThat(failure.failure()).isEqualTo(FetchFailure.TIMED_OUT);
        }
    }

    @Test
    void addressThatDoesNotAnswerEndsWithTheConnectTimeout() throws IOException {
        // A full backlog: the kernel drops what comes then.
        try (var full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"));
                var first = new Socket(full.getInetAddress(), full.getLocalPort());
                var second = new Socket(full.getInetAddress(), full.getLocalPort());
                var dead = FetchRig.with()
                        .open("127.0.0.2:" + full.getLocalPort())
                        .set("connect-timeout", "200ms")
                        .set("retry.tries", 2)
                        .start()) {
            assertThat(first.isConnected() && second.isConnected()).isTrue();

            FetchException failure = dead.failure("http://127.0.0.2:" + full.getLocalPort() + "/a.png");

            assertThat(failure.failure()).isEqualTo(FetchFailure.TIMED_OUT);
            assertThat(failure).hasMessage("No connection in time");
        }
    }

    @Test
    void portWhereNobodyListensIsAFailedConnection() throws IOException {
        int port;
        try (var gone = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"))) {
            port = gone.getLocalPort();
        }
        try (var rig = FetchRig.with().open("127.0.0.2:" + port).start()) {
            assertThat(rig.failure("http://127.0.0.2:" + port + "/").failure())
                    .isEqualTo(FetchFailure.CONNECTION_FAILED);
        }
    }

    @Test
    void deadlineSpansRedirectsAndReader() {
        origin.on("/1", Behaviours.redirect(302, "/2"));
        origin.on("/2", Behaviours.sized(10_000_000));
        var request = new FetchRequest(
                origin.url("/1"), 10_000_000, Duration.ofSeconds(2), UrlPolicy.PUBLIC_WEB, Media.RASTER_IMAGE);

        FetchException failure = catchThrowableOfType(
                FetchException.class,
                () -> rig.fetch().fetch(request, response -> Mono.never()).block(FetchRig.PATIENCE));

        assertThat(failure.failure()).isEqualTo(FetchFailure.TIMED_OUT);
        origin.await(
                Duration.ofSeconds(2),
                "the image's connection closed",
                () -> origin.connections().getLast().isClosed());
    }

    @Test
    void deadlineSpansRetries() {
        origin.on("/a.png", Behaviours.status(503, "Retry-After: 2"));
        // Nearly two waits: what is left beside the one is for two answers on a busy machine.
        var request = new FetchRequest(
                origin.url("/a.png"), 10_000, Duration.ofMillis(3_900), UrlPolicy.PUBLIC_WEB, Media.RASTER_IMAGE);

        FetchException failure = rig.failure(request);

        // The second wait would outlast the deadline, so the answer is told instead of awaited.
        assertThat(failure.status()).isEqualTo(503);
        assertThat(origin.requests()).hasSize(2);
    }
}
