package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Content codings that nobody asked for. */
@ExtendWith(NoLeaks.class)
class CodingTest {
    private static final int CAP = 1_000_000;
    private static final byte[] PNG = noisy(300_000);

    private final HostileOrigin origin = HostileOrigin.start();
    private final FetchRig rig =
            FetchRig.with().open(origin).set("retry.tries", 1).start();

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    /** A picture that does not become much smaller. */
    private static byte[] noisy(int size) {
        byte[] noise = new byte[size];
        new Random(size).nextBytes(noise);
        System.arraycopy(Pictures.png(100), 0, noise, 0, 100);
        return noise;
    }

    private byte[] fetched(String coding, byte[] body) {
        serve(coding, body);
        return rig.get(FetchRig.request(origin.url("/a.png"), CAP));
    }

    private FetchFailure refused(String coding, byte[] body) {
        serve(coding, body);
        return rig.failure(FetchRig.request(origin.url("/a.png"), CAP)).failure();
    }

    private void serve(String coding, byte[] body) {
        origin.on(
                "/a.png",
                Behaviours.answer(
                        body,
                        "Content-Type: image/png",
                        "Content-Encoding: " + coding,
                        "Content-Length: " + body.length));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "identity",
                "none",
                "binary",
                "",
                "aws-chunked",
                "aws-chunked,",
                "utf-8",
                "UTF-8, aws-chunked",
                "base64",
                "\"\"",
                "gzip",
                "br",
                "gzip, br"
            })
    void plainImageIsPlainWhateverItIsSaidToBe(String coding) {
        assertThat(fetched(coding, PNG)).isEqualTo(PNG);
    }

    /** As {@code gzip} makes of a file that is appended to. */
    private static byte[] inTwoMembers(byte[] plain) {
        int half = plain.length / 2;
        return join(
                withEveryField(gzip(Arrays.copyOf(plain, half))), gzip(Arrays.copyOfRange(plain, half, plain.length)));
    }

    static Stream<Arguments> packed() {
        return Stream.of(
                Arguments.of("gzip", gzip(PNG)),
                Arguments.of("GZip", gzip(PNG)),
                Arguments.of("x-gzip", gzip(PNG)),
                Arguments.of("aws-chunked, gzip", gzip(PNG)),
                Arguments.of("gzip", withEveryField(gzip(PNG))),
                Arguments.of("gzip", join(gzip(PNG), new byte[] {1, 2, 3})),
                Arguments.of("gzip", join(gzip(PNG), new byte[] {0x1f})),
                Arguments.of("gzip", join(gzip(PNG), new byte[] {0x1f, 2, 3})),
                Arguments.of("gzip", inTwoMembers(PNG)),
                Arguments.of("gzip", join(gzip(PNG), gzip(new byte[0]))),
                Arguments.of("deflate", deflate(PNG, false)),
                Arguments.of("deflate", deflate(PNG, true)));
    }

    @ParameterizedTest
    @MethodSource("packed")
    void packedImageIsUnpacked(String coding, byte[] packed) {
        assertThat(fetched(coding, packed)).isEqualTo(PNG);
    }

    @Test
    void packedBodyThatComesByteForByteIsUnpacked() {
        byte[] png = noisy(2_000);
        byte[] packed = withEveryField(gzip(png));
        origin.on("/a.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Encoding: gzip", "Transfer-Encoding: chunked");
            for (byte b : packed) {
                exchange.chunk(new byte[] {b});
            }
            exchange.write("0\r\n\r\n");
        });

        assertThat(rig.image(origin.url("/a.png"))).isEqualTo(png);
    }

    @Test
    void lengthOfAnUnpackedImageIsNotWhatTheOriginSaid() {
        serve("gzip", gzip(PNG));

        Boolean known = rig.fetch()
                .fetch(
                        FetchRig.request(origin.url("/a.png"), CAP),
                        response -> FetchRig.bytes(response)
                                .map(bytes -> response.contentLength().isPresent()))
                .block(FetchRig.PATIENCE);

        assertThat(known).isFalse();
    }

    @Test
    void unpackedVectorImageIsOne() {
        byte[] svg = "<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8);
        byte[] packed = gzip(svg);
        origin.on(
                "/a.svg",
                Behaviours.answer(
                        packed,
                        "Content-Type: image/svg+xml",
                        "Content-Encoding: gzip",
                        "Content-Length: " + packed.length));
        var request = new FetchRequest(origin.url("/a.svg"), CAP, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, Media.IMAGE);

        assertThat(rig.get(request)).isEqualTo(svg);
    }

    @Test
    void bombIsTooLargeAndItsConnectionIsClosed() {
        origin.on("/a.png", Behaviours.gzipBomb(100));
        assertThat(rig.failure(FetchRig.request(origin.url("/a.png"), CAP)).failure())
                .isEqualTo(FetchFailure.TOO_LARGE);
        origin.awaitAllClosed(FetchRig.PATIENCE);

        byte[] start = Arrays.copyOf(Pictures.png(100), 100_000_000);
        assertThat(refused("gzip", gzip(start))).isEqualTo(FetchFailure.TOO_LARGE);
        assertThat(refused("deflate", deflate(start, false))).isEqualTo(FetchFailure.TOO_LARGE);
    }

    @Test
    void imageOfExactlyTheCapIsUnpackedAndOneByteMoreIsNot() {
        assertThat(fetched("gzip", gzip(noisy(CAP - 1_000)))).hasSize(CAP - 1_000);
        byte[] full = Arrays.copyOf(Pictures.png(100), CAP);
        assertThat(fetched("gzip", gzip(full))).isEqualTo(full);
        assertThat(refused("gzip", gzip(Arrays.copyOf(full, CAP + 1)))).isEqualTo(FetchFailure.TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"br", "zstd", "compress", "x-compress", "dcb", "gzip, br", "gzip, gzip"})
    void codingThatIsNotDecodedIsNamed(String coding) {
        assertThat(refused(coding, gzip(PNG))).isEqualTo(FetchFailure.BAD_ENCODING);
    }

    static Stream<Arguments> damaged() {
        byte[] gzip = gzip(PNG);
        return Stream.of(
                Arguments.of("gzip", Arrays.copyOf(gzip, gzip.length - 1)),
                Arguments.of("gzip", Arrays.copyOf(gzip, gzip.length / 2)),
                Arguments.of("gzip", Arrays.copyOf(gzip, 9)),
                Arguments.of("gzip", join(gzip, Arrays.copyOf(gzip, gzip.length - 1))),
                Arguments.of("gzip", join(gzip, with(gzip, gzip.length - 8))),
                Arguments.of("gzip", new byte[0]),
                Arguments.of("gzip", with(gzip, gzip.length - 1)),
                Arguments.of("gzip", with(gzip, gzip.length - 8)),
                Arguments.of("gzip", with(gzip, 2)),
                Arguments.of("gzip", with(gzip, 0)),
                Arguments.of("gzip", "<!doctype html><p>no</p>".getBytes(StandardCharsets.US_ASCII)),
                Arguments.of("deflate", Arrays.copyOf(deflate(PNG, false), 1_000)),
                Arguments.of("deflate", gzip));
    }

    @ParameterizedTest
    @MethodSource("damaged")
    void bodyThatIsNotInItsCodingIsRefused(String coding, byte[] body) {
        assertThat(refused(coding, body)).isEqualTo(FetchFailure.BAD_ENCODING);
    }

    @Test
    void packedTextIsNoImage() {
        assertThat(refused("gzip", gzip("<!doctype html>".getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo(FetchFailure.NOT_AN_IMAGE);
        assertThat(refused("none", "<!doctype html>".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    private static byte[] gzip(byte[] plain) {
        return written(bytes -> {
            try (OutputStream gzip = new GZIPOutputStream(bytes)) {
                gzip.write(plain);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static byte[] deflate(byte[] plain, boolean raw) {
        return written(bytes -> {
            try (OutputStream out = new DeflaterOutputStream(bytes, new Deflater(6, raw))) {
                out.write(plain);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static byte[] written(Consumer<ByteArrayOutputStream> writer) {
        var bytes = new ByteArrayOutputStream();
        writer.accept(bytes);
        return bytes.toByteArray();
    }

    /** The same stream with an extra field, a name, a comment and a checksum of its header. */
    private static byte[] withEveryField(byte[] gzip) {
        byte[] header = Arrays.copyOf(gzip, 10);
        header[3] = 2 + 4 + 8 + 16;
        byte[] further = "\3\0abcname.png\0a comment\0\1\2".getBytes(StandardCharsets.US_ASCII);
        return join(join(header, further), Arrays.copyOfRange(gzip, 10, gzip.length));
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        IntStream.range(0, second.length).forEach(i -> both[first.length + i] = second[i]);
        return both;
    }

    /** A copy with one bit the other way round. */
    private static byte[] with(byte[] bytes, int flipped) {
        byte[] copy = bytes.clone();
        copy[flipped] ^= 1;
        return copy;
    }
}
