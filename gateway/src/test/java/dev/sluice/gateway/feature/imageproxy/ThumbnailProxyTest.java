package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.TTL;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.problem;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.reason;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import io.micrometer.core.instrument.MeterRegistry;
import java.awt.image.BufferedImage;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller who names a width was promised. */
@ExtendWith(NoLeaks.class)
class ThumbnailProxyTest {
    private static final byte[] PICTURE = DrawnPictures.png(800, 400, 1);
    private static final byte[] OTHER = DrawnPictures.png(800, 200, 2);
    private static final String MADE = "sluice; fwd=uri-miss; fwd-status=200; stored; detail=transformed";

    @TempDir
    private static Path directory;

    private final String path = "/" + ++tests + ".png";
    private int decodedBefore;

    private static ProxyRig rig;
    private static int tests;

    @BeforeAll
    static void start() {
        rig = ProxyRig.decodingIn(directory.resolve("cache"));
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @BeforeEach
    void look() {
        decodedBefore = rig.decoder().calls();
    }

    @AfterEach
    void everythingIsFree() {
        rig.decoder().failWith(null);
        rig.awaitGauge("sluice.image_proxy.transforms", 0);
        rig.awaitFreeMemory();
    }

    private void serve(Behaviour behaviour) {
        rig.origin.on(path, behaviour);
    }

    private int decoded() {
        return rig.decoder().calls() - decodedBefore;
    }

    /** The image under an entity tag of the origin's, and 304 for who has it. */
    private static Behaviour tagged(String etag, byte[] image) {
        return exchange -> {
            if (exchange.header("If-None-Match").contains(etag)) {
                exchange.head(304, "ETag: " + etag);
            } else {
                exchange.head(200, "Content-Type: image/png", "Content-Length: " + image.length, "ETag: " + etag);
                exchange.write(image);
            }
        };
    }

    @Test
    void imageIsSentAtTheWidthThatIsNamed() {
        serve(Behaviours.image(PICTURE));

        HttpResponse<byte[]> answer = rig.get(path, 320);

        assertThat(answer.statusCode()).isEqualTo(200);
        BufferedImage picture = DrawnPictures.read(answer.body());
        assertThat(picture.getWidth()).isEqualTo(320);
        assertThat(picture.getHeight()).isEqualTo(160);
        assertThat(cacheStatus(answer)).isEqualTo(MADE);
        assertThat(header(answer, "Content-Type")).isEqualTo("image/jpeg");
        assertThat(header(answer, "Content-Length")).isEqualTo(Integer.toString(answer.body().length));
        assertThat(header(answer, "Cache-Control")).isEqualTo("private, max-age=86400, stale-while-revalidate=604800");
        assertThat(header(answer, "X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(header(answer, "Content-Security-Policy")).endsWith("sandbox");
        assertThat(header(answer, "Age")).isEqualTo("0");
    }

    @Test
    void secondRequestIsAnsweredWithoutOriginAndDecoder() {
        serve(Behaviours.image(PICTURE));
        HttpResponse<byte[]> first = rig.get(path, 160);
        rig.clock.move(Duration.ofSeconds(5));

        HttpResponse<byte[]> second = rig.get(path, 160);

        assertThat(second.body()).isEqualTo(first.body());
        assertThat(header(second, "ETag")).isEqualTo(header(first, "ETag"));
        assertThat(cacheStatus(second)).isEqualTo("sluice; hit; ttl=604795");
        assertThat(header(second, "Age")).isEqualTo("5");
        assertThat(decoded()).isEqualTo(1);
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @Test
    void everyWidthIsMadeFromTheOneOriginalThatIsKept() {
        serve(Behaviours.image(PICTURE));
        HttpResponse<byte[]> original = rig.get(path);

        HttpResponse<byte[]> small = rig.get(path, 160);
        HttpResponse<byte[]> large = rig.get(path, 640);

        assertThat(cacheStatus(small)).isEqualTo("sluice; fwd=uri-miss; stored; detail=transformed");
        assertThat(DrawnPictures.read(small.body()).getWidth()).isEqualTo(160);
        assertThat(DrawnPictures.read(large.body()).getWidth()).isEqualTo(640);
        assertThat(header(small, "ETag")).isNotEqualTo(header(large, "ETag")).isNotEqualTo(header(original, "ETag"));
        assertThat(rig.get(path).body()).isEqualTo(PICTURE);
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "0", "-320", "161", "0320", "%2B320", "320.0", "320px", "2560", "%20320", "99999999999"})
    void otherWidthIsRefusedAndNamed(String width) {
        serve(Behaviours.image(PICTURE));

        HttpResponse<byte[]> answer = rig.gateway.send(rig.asAlice(proxied(rig.origin.url(path)) + "&w=" + width));

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(code(answer)).isEqualTo("malformed_request");
        assertThat(problem(answer).path("member").asString()).isEqualTo("w");
        assertThat(problem(answer).path("expected").asString()).isEqualTo("one of 160, 320, 640, 1280");
        assertThat(rig.origin.requests(path)).isZero();
    }

    @Test
    void twoWidthsAreRefused() {
        HttpResponse<byte[]> answer = rig.gateway.send(rig.asAlice(proxied(rig.origin.url(path), 320) + "&w=320"));

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(problem(answer).path("detail").asString()).isEqualTo("w: 2 of them (expected: one)");
    }

    @Test
    void conditionsRangesAndHeadAreThoseOfTheSmallerCopy() {
        serve(Behaviours.answer(
                PICTURE,
                "Content-Type: image/png",
                "Content-Length: " + PICTURE.length,
                "Last-Modified: Fri, 20 Nov 2026 08:00:00 GMT"));
        HttpResponse<byte[]> whole = rig.get(path, 320);
        String etag = header(whole, "ETag");

        HttpResponse<byte[]> part = rig.get(path, 320, "Range", "bytes=2-9", "If-Range", etag);
        HttpResponse<byte[]> head =
                rig.gateway.send(rig.asAlice(proxied(rig.origin.url(path), 320)).HEAD());

        assertThat(rig.get(path, 320, "If-None-Match", etag).statusCode()).isEqualTo(304);
        assertThat(rig.get(path, 640, "If-None-Match", etag).statusCode()).isEqualTo(200);
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole.body(), 2, 10));
        assertThat(header(part, "Content-Range")).isEqualTo("bytes 2-9/" + whole.body().length);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        for (String name : new String[] {"Content-Type", "Content-Length", "ETag", "Last-Modified"}) {
            assertThat(header(head, name))
                    .as(name)
                    .isEqualTo(header(whole, name))
                    .isNotEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {320, 640, 1280})
    void imageThatIsNotWiderIsSentAsItIs(int width) {
        byte[] picture = DrawnPictures.png(320, 20, 1);
        rig.origin.on(path + width, Behaviours.image(picture));

        HttpResponse<byte[]> first = rig.get(path + width, width);
        HttpResponse<byte[]> second = rig.get(path + width, width);

        assertThat(cacheStatus(first)).isEqualTo(MADE);
        assertThat(cacheStatus(second)).isEqualTo("sluice; hit; ttl=604800");
        for (HttpResponse<byte[]> answer : List.of(first, second)) {
            assertThat(answer.body()).isEqualTo(picture);
            assertThat(header(answer, "Content-Type")).isEqualTo("image/png");
        }
        assertThat(header(first, "ETag")).isEqualTo(header(rig.get(path + width), "ETag"));
        assertThat(decoded()).isEqualTo(1);
    }

    @Test
    void imageThatBrowsersDoNotShowIsConvertedAtItsOwnWidth() {
        serve(Behaviours.body("image/tiff", DrawnPictures.tiff(200, 50)));

        HttpResponse<byte[]> answer = rig.get(path, 640);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Content-Type")).isEqualTo("image/jpeg");
        assertThat(DrawnPictures.read(answer.body()).getWidth()).isEqualTo(200);
        assertThat(DrawnPictures.read(rig.get(path, 160).body()).getWidth()).isEqualTo(160);
        assertThat(cacheStatus(rig.get(path, 640))).isEqualTo("sluice; hit; ttl=604800");
    }

    @Test
    void svgIsSentAsItIsAtEveryWidth() {
        byte[] svg =
                "<svg xmlns='http://www.w3.org/2000/svg' width='2000' height='9'/>".getBytes(StandardCharsets.UTF_8);
        serve(Behaviours.body("image/svg+xml", svg));

        HttpResponse<byte[]> answer = rig.get(path, 160);

        assertThat(answer.body()).isEqualTo(svg);
        assertThat(header(answer, "Content-Type")).isEqualTo("image/svg+xml");
        assertThat(header(answer, "Content-Security-Policy")).endsWith("sandbox");
        assertThat(cacheStatus(rig.get(path, 160))).isEqualTo("sluice; hit; ttl=604800");
        assertThat(decoded()).isZero();
    }

    @Test
    void animationOfAThousandFramesBecomesItsFirst() {
        byte[] animation = DrawnPictures.gif(400, 4, 1000);
        serve(Behaviours.body("image/gif", animation));

        HttpResponse<byte[]> answer = rig.get(path, 160);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Content-Type")).isEqualTo("image/jpeg");
        assertThat(DrawnPictures.read(answer.body()).getWidth()).isEqualTo(160);
        assertThat(rig.get(path, 640).body()).isEqualTo(animation);
    }

    @Test
    void copyIsMadeAnewWhenTheOriginHasAnotherImage() {
        serve(tagged("\"v1\"", PICTURE));
        byte[] old = rig.get(path, 160).body();
        rig.clock.move(TTL);
        serve(tagged("\"v2\"", OTHER));

        HttpResponse<byte[]> answer = rig.get(path, 160);

        assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=stale; fwd-status=200; stored; detail=transformed");
        assertThat(answer.body()).isNotEqualTo(old);
        assertThat(DrawnPictures.read(answer.body()).getHeight()).isEqualTo(40);
        assertThat(cacheStatus(rig.get(path, 160))).startsWith("sluice; hit");
    }

    @Test
    void copiesOfAnImageThatWasReplacedAreForgotten() {
        serve(tagged("\"v1\"", PICTURE));
        rig.get(path, 160);
        rig.get(path, 320);
        rig.clock.move(TTL);
        serve(tagged("\"v2\"", OTHER));

        rig.get(path);

        assertThat(rig.gateway.bean(ImageStore.class).findThumbnails(rig.origin.url(path)))
                .isEmpty();
        assertThat(DrawnPictures.read(rig.get(path, 160).body()).getHeight()).isEqualTo(40);
    }

    @Test
    void copyStaysWhenTheOriginHasNothingNewer() {
        serve(tagged("\"v1\"", PICTURE));
        byte[] first = rig.get(path, 160).body();

        rig.clock.move(TTL);
        HttpResponse<byte[]> renewed = rig.get(path, 160);
        rig.clock.move(TTL.minusSeconds(1));
        HttpResponse<byte[]> last = rig.get(path, 160);

        assertThat(cacheStatus(renewed)).isEqualTo("sluice; fwd=stale; fwd-status=304");
        assertThat(header(renewed, "Age")).isEqualTo("0");
        assertThat(cacheStatus(last)).isEqualTo("sluice; hit; ttl=1");
        assertThat(last.body()).isEqualTo(renewed.body()).isEqualTo(first);
        assertThat(decoded()).isEqualTo(1);
    }

    @Test
    void copyIsShownWhenTheOriginFails() {
        serve(Behaviours.image(PICTURE));
        byte[] first = rig.get(path, 160).body();
        rig.clock.move(TTL);
        serve(Behaviours.status(500));

        HttpResponse<byte[]> answer = rig.get(path, 160);
        HttpResponse<byte[]> again = rig.get(path, 160);

        assertThat(answer.body()).isEqualTo(again.body()).isEqualTo(first);
        assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=stale; fwd-status=500; detail=stale-if-error");
        assertThat(cacheStatus(again)).isEqualTo("sluice; hit; ttl=-0; detail=stale-if-error");
    }

    @Test
    void copiesGoWhenTheOriginSaysThatTheImageIsGone() {
        serve(Behaviours.image(PICTURE));
        rig.get(path, 160);
        rig.get(path, 320);
        rig.clock.move(TTL);
        serve(Behaviours.status(404));

        assertThat(rig.get(path).statusCode()).isEqualTo(404);

        HttpResponse<byte[]> answer = rig.get(path, 160);
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(cacheStatus(answer)).isEqualTo("sluice; hit; ttl=60; detail=negative");
        assertThat(rig.gateway.bean(ImageStore.class).has(rig.origin.url(path))).isFalse();
    }

    @Test
    void imageThatCannotBeHadIsToldAsWithoutAWidth() {
        assertThat(rig.get("/nowhere.png", 160).statusCode()).isEqualTo(404);
        serve(Behaviours.status(500));
        assertThat(rig.get(path, 160).statusCode()).isEqualTo(502);
        assertThat(rig.getUrl("http://10.0.0.1/a.png").statusCode()).isEqualTo(502);
        assertThat(rig.gateway
                        .send(rig.asAlice(proxied("http://10.0.0.1/a.png", 160)))
                        .statusCode())
                .isEqualTo(502);
    }

    @Test
    void damagedImageIsUnprocessableAndNotDecodedAgain() {
        byte[] damaged = Arrays.copyOf(DrawnPictures.noise(400, 400, 1), 200_000);
        serve(Behaviours.image(damaged));

        HttpResponse<byte[]> first = rig.get(path, 160);
        HttpResponse<byte[]> second = rig.get(path, 160);
        HttpResponse<byte[]> otherWidth = rig.get(path, 320);

        assertThat(first.statusCode()).isEqualTo(422);
        assertThat(code(first)).isEqualTo("invalid_image");
        assertThat(reason(first)).isEqualTo("damaged");
        assertThat(cacheStatus(first)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200");
        assertThat(header(first, "Cache-Control")).isEqualTo("no-store");
        assertThat(second.statusCode()).isEqualTo(422);
        assertThat(cacheStatus(second)).isEqualTo("sluice; hit; ttl=60; detail=negative");
        assertThat(otherWidth.statusCode()).isEqualTo(422);
        assertThat(rig.get(path).body()).isEqualTo(damaged);
        assertThat(rig.count("sluice.image_proxy.failures", "reason", "damaged"))
                .isGreaterThanOrEqualTo(3);
    }

    @Test
    void imageThatWasDamagedIsDecodedWhenItIsAnother() {
        serve(tagged("\"v1\"", Arrays.copyOf(DrawnPictures.noise(400, 400, 2), 200_000)));
        assertThat(rig.get(path, 160).statusCode()).isEqualTo(422);
        rig.clock.move(TTL);
        serve(tagged("\"v2\"", PICTURE));

        assertThat(rig.get(path, 160).statusCode()).isEqualTo(200);
    }

    @Test
    void typeThatIsNotDecodedIsUnprocessable() {
        serve(Behaviours.body("image/bmp", DrawnPictures.bmp(400, 10)));

        HttpResponse<byte[]> answer = rig.get(path, 160);

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(reason(answer)).isEqualTo("unsupported");
    }

    @Test
    void imageThatTakesTooMuchIsRememberedAsSuch() {
        serve(Behaviours.image(PICTURE));
        rig.decoder().failWith(new DecoderException(DecoderException.Kind.LIMIT, "Too large", null));

        HttpResponse<byte[]> first = rig.get(path, 160);
        HttpResponse<byte[]> second = rig.get(path, 160);

        assertThat(first.statusCode()).isEqualTo(422);
        assertThat(reason(first)).isEqualTo("limit");
        assertThat(cacheStatus(second)).isEqualTo("sluice; hit; ttl=60; detail=negative");
    }

    @Test
    void decoderThatDiesIsLeftAloneForAMoment() {
        serve(Behaviours.image(PICTURE));
        rig.decoder().failWith(new DecoderException(DecoderException.Kind.FAILED, "It died", null));

        HttpResponse<byte[]> first = rig.get(path, 160);
        rig.decoder().failWith(null);
        HttpResponse<byte[]> second = rig.get(path, 160);
        rig.clock.move(Duration.ofSeconds(10));

        assertThat(first.statusCode()).isEqualTo(503);
        assertThat(code(first)).isEqualTo("overloaded");
        assertThat(header(first, "Retry-After")).isEqualTo("10");
        assertThat(second.statusCode()).isEqualTo(503);
        assertThat(rig.get(path, 160).statusCode()).isEqualTo(200);
    }

    @Test
    void decoderThatIsBusyIsAskedAgainAtOnce() {
        serve(Behaviours.image(PICTURE));
        rig.decoder().failWith(new DecoderException(DecoderException.Kind.BUSY, "Busy", null));

        HttpResponse<byte[]> first = rig.get(path, 160);
        rig.decoder().failWith(null);

        assertThat(first.statusCode()).isEqualTo(503);
        assertThat(header(first, "Retry-After")).isEqualTo("1");
        assertThat(rig.get(path, 160).statusCode()).isEqualTo(200);
    }

    @Test
    void imageThatMayNotBeKeptIsMadeSmallerAndNotKeptEither() {
        serve(Behaviours.answer(
                PICTURE, "Content-Type: image/png", "Content-Length: " + PICTURE.length, "Cache-Control: no-store"));
        int files = rig.files().size();

        HttpResponse<byte[]> answer = rig.get(path, 160);

        assertThat(DrawnPictures.read(answer.body()).getWidth()).isEqualTo(160);
        assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; detail=transformed");
        assertThat(rig.files()).hasSize(files);
    }

    @Test
    void copyIsCountedAndTimed() {
        serve(Behaviours.image(PICTURE));
        double before = count("transformed");

        rig.get(path, 160);

        assertThat(count("transformed")).isEqualTo(before + 1);
        assertThat(rig.gateway
                        .bean(MeterRegistry.class)
                        .get("sluice.image_proxy.transform")
                        .timer()
                        .count())
                .isPositive();
    }

    private static double count(String result) {
        var counter = rig.gateway
                .bean(MeterRegistry.class)
                .find("sluice.image_proxy.requests")
                .tag("result", result)
                .counter();
        return counter == null ? 0 : counter.count();
    }
}
