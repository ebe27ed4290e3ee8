package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.Pictures;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** What a fetch asks for and what it gives to its reader. */
@ExtendWith(NoLeaks.class)
class FetchTest {
    private final HostileOrigin origin = HostileOrigin.start();
    private final FetchRig rig = FetchRig.reaching(origin);

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    @Test
    void imageArrivesByteForByte() {
        byte[] png = Pictures.png(300_000);
        origin.on("/a.png", Behaviours.image(png));

        assertThat(rig.image(origin.url("/a.png"))).isEqualTo(png);
    }

    @Test
    void chunkedImageArrivesByteForByte() {
        byte[] png = Pictures.png(10_000);
        origin.on("/a.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Transfer-Encoding: chunked");
            for (int at = 0; at < png.length; at += 100) {
                exchange.chunk(Arrays.copyOfRange(png, at, at + 100));
            }
            exchange.write("0\r\n\r\n");
        });

        assertThat(rig.image(origin.url("/a.png"))).isEqualTo(png);
    }

    @Test
    void imageThatEndsWithItsConnectionArrives() {
        byte[] png = Pictures.png(10_000);
        origin.on("/a.png", exchange -> {
            exchange.head(200, "Content-Type: image/png");
            exchange.write(png);
            exchange.close();
        });

        assertThat(rig.image(origin.url("/a.png"))).isEqualTo(png);
    }

    @Test
    void readerIsToldWhatTheOriginSaid() {
        byte[] png = Pictures.png(1_000);
        origin.on(
                "/a.png",
                Behaviours.answer(
                        png,
                        "Content-Type: image/jpeg; charset=binary",
                        "Content-Length: 1000",
                        "Last-Modified: Sat, 21 Nov 2026 00:00:00 GMT"));
        var seen = new AtomicReference<OriginResponse>();

        rig.fetch()
                .fetch(FetchRig.request(origin.url("/a.png#part"), 1_000), response -> {
                    seen.set(response);
                    return FetchRig.bytes(response);
                })
                .block(FetchRig.PATIENCE);

        assertThat(seen.get().url()).isEqualTo(URI.create(origin.url("/a.png")));
        assertThat(seen.get().contentLength()).hasValue(1_000);
        assertThat(seen.get().image()).isEqualTo(new ImageType("image/png", "png"));
        assertThat(seen.get().headers().getFirst("Last-Modified")).isEqualTo("Sat, 21 Nov 2026 00:00:00 GMT");
    }

    @Test
    void requestCarriesNothingOfAnybody() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));

        rig.image(origin.url("/a.png"));

        OriginExchange request = origin.requests().getFirst();
        assertThat(request.header("User-Agent")).containsExactly("Sluice/test");
        assertThat(request.header("Accept-Encoding")).containsExactly("identity");
        assertThat(request.header("Host")).containsExactly(origin.addressAndPort());
        assertThat(List.of("Cookie", "Authorization", "Referer", "X-Forwarded-For", "Forwarded", "Via", "Origin"))
                .allSatisfy(name -> assertThat(request.header(name)).isEmpty());
    }

    @Test
    void connectionIsUsedAgainAfterItsBodyWasRead() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));
        Mono<byte[]> image = rig.fetch().fetch(FetchRig.request(origin.url("/a.png"), 1_000), FetchRig::bytes);

        // In sequence on one event loop: each loop has connections of its own.
        var loop = rig.transport().clients().choose();
        for (int i = 0; i < 3; i++) {
            image.subscribeOn(loop.scheduler()).block(FetchRig.PATIENCE);
        }

        assertThat(origin.connections()).hasSize(1);
        assertThat(origin.requests()).hasSize(3);
    }

    @Test
    void readerThatReadsNothingGetsItsConnectionClosed() {
        origin.on("/a.png", Behaviours.sized(1_000_000));

        String result = rig.fetch()
                .fetch(FetchRig.request(origin.url("/a.png"), 1_000_000), response -> Mono.just("unread"))
                .block(FetchRig.PATIENCE);

        assertThat(result).isEqualTo("unread");
        origin.awaitAllClosed(FetchRig.PATIENCE);
    }

    @Test
    void readersOwnErrorComesOutUnchangedAndClosesTheConnection() {
        origin.on("/a.png", Behaviours.sized(1_000_000));
        var own = new IllegalStateException("disk full");

        Throwable error = catchThrowable(() -> rig.fetch()
                .fetch(FetchRig.request(origin.url("/a.png"), 1_000_000), response -> Mono.error(own))
                .block(FetchRig.PATIENCE));

        assertThat(error).isSameAs(own);
        origin.awaitAllClosed(FetchRig.PATIENCE);
        assertThat(origin.requests()).hasSize(1);
    }

    @Test
    void anyBodyIsFetchedWhereNoImageIsWanted() {
        origin.on("/a.json", Behaviours.body("application/json", new byte[] {'{', '}'}));
        var request = new FetchRequest(origin.url("/a.json"), 2, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, Media.ANY);

        assertThat(rig.get(request)).hasSize(2);
        assertThat(origin.requests().getFirst().header("Accept")).containsExactly("*/*");
    }

    @Test
    void emptyBodyIsFetchedWhereNoImageIsWanted() {
        origin.on("/nothing", Behaviours.status(204));
        var request = new FetchRequest(origin.url("/nothing"), 0, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, Media.ANY);

        assertThat(rig.get(request)).isEmpty();
    }

    @Test
    void statusOfARefusalIsTold() {
        for (int status : new int[] {300, 304, 400, 404, 410, 451}) {
            origin.on("/" + status, Behaviours.status(status));

            FetchException failure = rig.failure(origin.url("/" + status));

            assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
            assertThat(failure.status()).isEqualTo(status);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 \r\n\r\n"
            })
    void answerIsWhatComesAfterAll1xx(String before) {
        byte[] png = Pictures.png(1_000);
        origin.on("/a.png", exchange -> {
            exchange.write(before);
            exchange.head(200, "Content-Type: image/png", "Content-Length: 1000");
            exchange.write(png);
        });
        var loop = rig.transport().clients().choose();

        for (int i = 0; i < 2; i++) {
            assertThat(rig.fetch()
                            .fetch(FetchRig.request(origin.url("/a.png"), 1_000), FetchRig::bytes)
                            .subscribeOn(loop.scheduler())
                            .block(FetchRig.PATIENCE))
                    .isEqualTo(png);
        }
        assertThat(origin.connections()).hasSize(1);
    }

    @Test
    void hundredsOf1xxArePassedOverAndEndlessOnesAreNot() {
        origin.on("/a.png", exchange -> {
            for (int i = 0; i < 300; i++) {
                exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
            }
            exchange.head(200, "Content-Type: image/png", "Content-Length: 1000");
            exchange.write(Pictures.png(1_000));
        });
        origin.on("/b.png", exchange -> {
            while (true) {
                exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
            }
        });

        assertThat(rig.image(origin.url("/a.png"))).hasSize(1_000);
        assertThat(rig.failure(origin.url("/b.png")).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        origin.await(
                FetchRig.PATIENCE,
                "connections of the endless one closed",
                () -> origin.connections().stream().filter(c -> !c.isClosed()).count() <= 1);
    }

    @Test
    void protocolThatNobodyAskedForIsRefused() {
        origin.on("/a.png", Behaviours.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"));

        assertThat(rig.failure(origin.url("/a.png")).failure())
                .isIn(FetchFailure.UPSTREAM_STATUS, FetchFailure.CONNECTION_FAILED);
    }

    @Test
    void typesThatAreKeptAreAskedForByName() {
        origin.on("/a.png", Behaviours.image(Pictures.png(1_000)));

        rig.image(origin.url("/a.png"));

        assertThat(origin.requests().getFirst().header("Accept"))
                .containsExactly("image/jpeg, image/png, image/webp, image/gif, */*;q=0.1");
    }

    @Test
    void partThatNobodyAskedForIsRefused() {
        origin.on("/a.png", exchange -> {
            exchange.head(206, "Content-Type: image/png", "Content-Range: bytes 0-99/1000", "Content-Length: 100");
            exchange.write(Pictures.png(100));
        });

        assertThat(rig.failure(origin.url("/a.png")).status()).isEqualTo(206);
    }

    @Test
    void pathWithSpacesAndUmlautsIsAskedForInUtf8() {
        origin.on("/f%C3%BC%20%7Bx%7D.png?q=%22%E2%82%AC%22", Behaviours.image(Pictures.png(1_000)));

        assertThat(rig.image(origin.url("/fü {x}.png?q=\"€\""))).hasSize(1_000);
    }

    @Test
    void deadlineOfOneMomentEndsInTime() {
        origin.on("/a.png", Behaviours.silent());
        var request = new FetchRequest(
                origin.url("/a.png"), 1_000, Duration.ofMillis(200), UrlPolicy.PUBLIC_WEB, Media.RASTER_IMAGE);

        assertThat(rig.failure(request).failure()).isEqualTo(FetchFailure.TIMED_OUT);
        origin.awaitAllClosed(FetchRig.PATIENCE);
    }
}
