package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.body.CoalescingFlux;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBufferUtils;

/** Bodies that are too large, too short or not what they say. */
@ExtendWith(NoLeaks.class)
class BodyTest {
    private static final int CAP = 1_000_000;

    private final HostileOrigin origin = HostileOrigin.start();
    private final FetchRig rig =
            FetchRig.with().open(origin).set("retry.tries", 1).start();

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    private FetchException failure(HostileOrigin.Behaviour behaviour) {
        origin.on("/a.png", behaviour);
        return rig.failure(FetchRig.request(origin.url("/a.png"), CAP));
    }

    private long written() {
        return origin.connections().getFirst().bytesWritten();
    }

    @Test
    void bodyOfExactlyTheCapArrives() {
        origin.on("/a.png", Behaviours.sized(CAP)).on("/b.png", Behaviours.chunked(CAP));

        assertThat(rig.get(FetchRig.request(origin.url("/a.png"), CAP))).hasSize(CAP);
        assertThat(rig.get(FetchRig.request(origin.url("/b.png"), CAP))).hasSize(CAP);
    }

    @Test
    void declaredLengthOverTheCapIsRefusedBeforeTheBody() {
        FetchException failure = failure(Behaviours.sized(1_000_000_000));

        assertThat(failure.failure()).isEqualTo(FetchFailure.TOO_LARGE);
        origin.awaitAllClosed(FetchRig.PATIENCE);
        assertThat(written()).isLessThan(50_000_000); // what kernel buffers take
    }

    @Test
    void declaredLengthOneByteOverTheCapIsRefused() {
        assertThat(failure(Behaviours.sized(CAP + 1)).failure()).isEqualTo(FetchFailure.TOO_LARGE);
    }

    @Test
    void undeclaredBodyIsCutAtTheCapAndItsConnectionDropped() {
        FetchException failure = failure(Behaviours.endless());

        assertThat(failure.failure()).isEqualTo(FetchFailure.TOO_LARGE);
        origin.awaitAllClosed(FetchRig.PATIENCE);
        assertThat(written()).isLessThan(50_000_000);
    }

    @Test
    void undeclaredBodyOneByteOverTheCapIsRefused() {
        assertThat(failure(Behaviours.chunked(CAP + 1)).failure()).isEqualTo(FetchFailure.TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 500, 99_999})
    void bodyShorterThanItsLengthIsAFailure(int sent) {
        assertThat(failure(Behaviours.truncated(100_000, sent)).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
    }

    @Test
    void chunkedBodyWithoutItsLastChunkIsAFailure() {
        assertThat(failure(Behaviours.truncatedChunks(10_000)).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
    }

    @Test
    void connectionResetAtAnyTimeIsAFailure() {
        assertThat(failure(Behaviours.reset()).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
        assertThat(failure(Behaviours.resetAfter(100_000, 50_000)).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
    }

    static Stream<String> ambiguousLengths() {
        return Stream.of(
                "Content-Length: 5\r\nContent-Length: 6",
                "Content-Length: 5\r\nContent-Length: 5",
                "Content-Length: 5, 5",
                "Content-Length: -1",
                "Content-Length: +5",
                "Content-Length: five",
                "Content-Length: 99999999999999999999",
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding: chunked\r\nContent-Length: 5",
                "Transfer-Encoding: chunked, gzip",
                "Transfer-Encoding: gzip, chunked",
                "Transfer-Encoding: gzip",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                "Transfer-Encoding: xchunked",
                "Transfer-Encoding : chunked");
    }

    @ParameterizedTest
    @MethodSource("ambiguousLengths")
    void answerWhoseEndIsAmbiguousIsAFailure(String headers) {
        FetchException failure = failure(Behaviours.raw("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + headers
                + "\r\n\r\n" + "5\r\n\u0089PNG\r\n0\r\n\r\n"));

        assertThat(failure.failure()).isIn(FetchFailure.CONNECTION_FAILED, FetchFailure.UPSTREAM_STATUS);
        origin.awaitAllClosed(FetchRig.PATIENCE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\r\n\r\n",
                "HTTP/1.1\r\n\r\n",
                "HTTP/1.1 abc OK\r\n\r\n",
                "ICY 200 OK\r\nContent-Type: image/png\r\n\r\n",
                "SSH-2.0-OpenSSH_9.0\r\n",
                "\u0000\u0001\u0002\u0003\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Type image/png\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\u0000b\r\nContent-Length: 0\r\n\r\n"
            })
    void answerThatIsNoHttpIsAFailure(String answer) {
        FetchException failure = failure(Behaviours.raw(answer));

        assertThat(failure.failure())
                .isIn(FetchFailure.CONNECTION_FAILED, FetchFailure.NOT_AN_IMAGE, FetchFailure.UPSTREAM_STATUS);
        assertThat(failure.getMessage()).doesNotContain("SSH", "ICY");
    }

    @Test
    void manyHeadersAreAFailure() {
        var headers = new StringBuilder("HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 10_000; i++) {
            headers.append("X-").append(i).append(": y\r\n");
        }

        assertThat(failure(Behaviours.raw(headers + "\r\n")).failure()).isEqualTo(FetchFailure.CONNECTION_FAILED);
    }

    @Test
    void bytesAfterTheBodyAreNotTheNextAnswer() {
        byte[] png = Pictures.png(1_000);
        origin.on("/a.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: 1000");
            exchange.write(png);
            exchange.write("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\nEVIL");
        });
        origin.on("/b.png", Behaviours.image(Pictures.png(2_000)));
        var eventLoop = rig.transport().clients().choose();

        for (String path : new String[] {"/a.png", "/b.png"}) {
            byte[] body = rig.fetch()
                    .fetch(FetchRig.request(origin.url(path), CAP), FetchRig::bytes)
                    .onErrorReturn(new byte[0])
                    .subscribeOn(eventLoop.scheduler())
                    .block(FetchRig.PATIENCE);
            assertThat(body).isNotEqualTo("EVIL".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private List<Integer> bufferSizes(String path) {
        return Objects.requireNonNull(rig.fetch()
                .fetch(
                        FetchRig.request(origin.url(path), CAP),
                        response -> response.body()
                                .map(buffer -> {
                                    int size = buffer.readableByteCount();
                                    DataBufferUtils.release(buffer);
                                    return size;
                                })
                                .collectList())
                .block(FetchRig.PATIENCE));
    }

    @Test
    void bodyIsHandedOnInLargeBuffers() {
        origin.on("/a.png", Behaviours.sized(CAP));

        List<Integer> sizes = bufferSizes("/a.png");

        assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(CAP);
        assertThat(sizes.subList(0, sizes.size() - 1))
                .allSatisfy(size ->
                        assertThat(size).isBetween(CoalescingFlux.SMALLEST, CoalescingFlux.SMALLEST + BodyReads.MOST));
    }

    @Test
    void chunksOfOneByteDoNotBecomeOneBufferEach() {
        byte[] png = Pictures.png(20_000);
        var chunks = new StringBuilder();
        for (byte b : png) {
            chunks.append("1\r\n").append((char) (b & 0xff)).append("\r\n");
        }
        origin.on("/a.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Transfer-Encoding: chunked");
            exchange.write(chunks + "0\r\n\r\n");
        });

        assertThat(rig.image(origin.url("/a.png"))).isEqualTo(png);
        assertThat(bufferSizes("/a.png")).hasSize(png.length / CoalescingFlux.SMALLEST + 1);
    }

    @Test
    void anyMediaIsHeldToTheCapToo() {
        origin.on("/a", Behaviours.endless());
        var request = new FetchRequest(origin.url("/a"), CAP, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, Media.ANY);

        assertThat(rig.failure(request).failure()).isEqualTo(FetchFailure.TOO_LARGE);
    }
}
