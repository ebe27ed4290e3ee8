package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.imagetype.ImageTypes;
import dev.sluice.gateway.outbound.imagetype.SvgRoot;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What counts as an image. */
@ExtendWith(NoLeaks.class)
class ImageTest {
    private static final byte[] PNG = Pictures.png(1_000);
    private static final String SVG = "<svg xmlns=\"http://www.w3.org/2000/svg\"><rect/></svg>";

    private final HostileOrigin origin = HostileOrigin.start();
    private final FetchRig rig = FetchRig.reaching(origin);

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    private FetchRequest request(Media media) {
        return new FetchRequest(origin.url("/a"), 100_000, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, media);
    }

    private ImageType recognised(Media media) {
        return Objects.requireNonNull(rig.fetch()
                .fetch(
                        request(media),
                        response -> FetchRig.bytes(response).map(bytes -> Objects.requireNonNull(response.image())))
                .block(FetchRig.PATIENCE));
    }

    private FetchFailure refused(Media media) {
        FetchException failure = rig.failure(request(media));
        return failure.failure();
    }

    @ParameterizedTest
    @CsvSource({
        "89504e470d0a1a0a0000000d49484452, image/png, png",
        "ffd8ffe000104a46494600010100000100010000, image/jpeg, jpg",
        "ffd8ffdb004300080606, image/jpeg, jpg",
        "ffd8ffe1001845786966, image/jpeg, jpg",
        "474946383761, image/gif, gif",
        "47494638396101000100, image/gif, gif",
        "524946462400000057454250565038200000, image/webp, webp",
        "0000001c667479706176696600000000617669666d696631, image/avif, avif",
        "0000001c667479706d69663100000000617669666d696631, image/avif, avif",
        "0000001c667479706176697300000000617669736d736631, image/avif, avif",
        "0000001866747970686569630000000068656963, image/heic, heic",
        "00000018667479706d696631000000006d696631, image/heif, heif",
        "0000001c667479706d696631000000006d69663168656963, image/heic, heic",
        "0000001c667479706d73663100000000686569636d736631, image/heic, heic",
        "000000186674797068657663000000006d736631, image/heic-sequence, heic",
        "424d1a00000000000000160000000c000000040004000100180000000000, image/bmp, bmp",
        "49492b00080000001000000000000000, image/tiff, tiff",
        "4d4d002b000800000000000000000010, image/tiff, tiff",
        "00000200010010100000010020006804000016000000, image/x-win-bitmap, cur",
        "0000000c4a584c200d0a870a00000014667479706a786c20, image/jxl, jxl",
        "424d36000000000000003600000028000000010000000100000001001800, image/bmp, bmp",
        "49492a0008000000, image/tiff, tiff",
        "4d4d002a00000008, image/tiff, tiff",
        "00000100010010100000010020006804000016000000, image/x-icon, ico",
        "ff0a0000, image/jxl, jxl"
    })
    void formatIsToldByItsFirstBytes(String start, String mediaType, String extension) {
        byte[] body = Arrays.copyOf(HexFormat.of().parseHex(start), 2_000);
        origin.on("/a", Behaviours.body("image/whatever", body));

        assertThat(recognised(Media.RASTER_IMAGE)).isEqualTo(new ImageType(mediaType, extension));
    }

    @Test
    void detectedFormatWinsOverTheDeclaredOne() {
        origin.on("/a", Behaviours.body("image/jpeg", PNG));

        assertThat(recognised(Media.RASTER_IMAGE).mediaType()).isEqualTo("image/png");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "image/png",
                "IMAGE/PNG",
                " image/png ",
                "image/png; charset=binary",
                "image/png;q=1;v=\"x\"",
                "image/x-png",
                "image/*"
            })
    void declarationOfAnImageIsAccepted(String type) {
        origin.on("/a", Behaviours.body(type, PNG));

        assertThat(recognised(Media.RASTER_IMAGE).mediaType()).isEqualTo("image/png");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/html",
                "text/plain",
                "application/json",
                "application/octet-stream, text/html",
                "application/octet-stream2",
                "image/png, text/html",
                "image/png,image/png",
                "image/png; a=b, text/html",
                "image/png text/html",
                "image/",
                "image",
                "/png",
                "text/*",
                "*/*, text/html",
                "image/svg+xml",
                "image//png"
            })
    void declarationOfAnythingElseIsRefusedWhateverTheBytes(String type) {
        origin.on("/a", Behaviours.body(type, PNG));

        assertThat(refused(Media.RASTER_IMAGE)).isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Type: application/octet-stream",
                "Content-Type: Binary/Octet-Stream; charset=x",
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Type: multipart/form-data; boundary=x",
                "Content-Type: application/force-download",
                "Content-Type: unknown/unknown",
                "Content-Type: content/unknown",
                "Content-Type: */*",
                "Content-Type:",
                "X-Content-Type: none"
            })
    void declarationOfNothingInParticularLeavesItToTheBytes(String header) {
        origin.on("/a", Behaviours.answer(PNG, header, "Content-Length: 1000"));
        assertThat(recognised(Media.RASTER_IMAGE)).isEqualTo(new ImageType("image/png", "png"));
        assertThat(recognised(Media.IMAGE)).isEqualTo(new ImageType("image/png", "png"));

        for (String body : List.of(SVG, "<!doctype html>", "%PDF-1.7", "{}", "")) {
            byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
            origin.on("/a", Behaviours.answer(bytes, header, "Content-Length: " + bytes.length));
            assertThat(refused(Media.IMAGE)).isEqualTo(FetchFailure.NOT_AN_IMAGE);
        }
    }

    @Test
    void doubledDeclarationIsRefused() {
        origin.on(
                "/a",
                Behaviours.answer(PNG, "Content-Type: image/png", "Content-Type: text/html", "Content-Length: 1000"));
        assertThat(refused(Media.IMAGE)).isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    static Stream<byte[]> bodiesOfNoImage() {
        return Stream.of(
                        "<!DOCTYPE html><html><body>Not found</body></html>",
                        "<html><svg></svg></html>",
                        SVG,
                        "GIF8",
                        "{\"error\":\"x\"}",
                        "%PDF-1.7\n",
                        "PK\u0003\u0004",
                        "BM is how some texts begin",
                        "\u0000",
                        "")
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @MethodSource("bodiesOfNoImage")
    void bodyOfNoImageIsRefusedWhateverIsDeclared(byte[] body) {
        origin.on("/a", Behaviours.body("image/png", body));

        assertThat(refused(Media.IMAGE)).isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    @Test
    void readerIsNotAskedAboutWhatIsNoImage() {
        origin.on("/a", Behaviours.body("image/png", new byte[50_000]));

        FetchException failure = catchThrowableOfType(
                FetchException.class,
                () -> rig.fetch()
                        .fetch(request(Media.RASTER_IMAGE), FetchRig.untouched())
                        .block(FetchRig.PATIENCE));

        assertThat(failure.failure()).isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    @Test
    void startThatComesByteForByteIsRecognised() {
        origin.on("/a", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: 1000");
            for (int i = 0; i < 200; i++) {
                exchange.write(Arrays.copyOfRange(PNG, i, i + 1));
                if (i % 50 == 0) {
                    exchange.pause(Duration.ofMillis(5));
                }
            }
            exchange.write(Arrays.copyOfRange(PNG, 200, 1_000));
        });

        assertThat(rig.get(request(Media.RASTER_IMAGE))).isEqualTo(PNG);
    }

    @Test
    void imageSmallerThanWhatIsLookedAtIsRecognised() {
        origin.on("/a", Behaviours.body("image/png", Pictures.png(40)));

        assertThat(rig.get(request(Media.RASTER_IMAGE))).hasSize(40);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                SVG,
                "<svg>",
                "\n  <svg/>",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg></svg>",
                "<!-- made by hand --><!-- twice --> <svg></svg>",
                "<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\">"
                        + "<svg:svg xmlns:svg=\"http://www.w3.org/2000/svg\"></svg:svg>",
                "<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><svg>&x;</svg>",
                "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.0//EN\" \"x\" [<!ENTITY n \"http://www.w3.org/2000/svg\">]>"
                        + "<svg xmlns=\"&n;\"></svg>",
                "<?xml-stylesheet href=\"x\"?><svg></svg>"
            })
    void svgIsAnImageWhereItIsAskedFor(String svg) {
        origin.on("/a", Behaviours.body("image/svg+xml; charset=utf-8", svg.getBytes(StandardCharsets.UTF_8)));

        assertThat(recognised(Media.IMAGE)).isEqualTo(new ImageType("image/svg+xml", "svg"));
        assertThat(refused(Media.RASTER_IMAGE)).isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<html><svg></svg></html>",
                "<svgx>",
                "text <svg>",
                "<!-- <svg>",
                "<!DOCTYPE html><svg></svg>",
                "<svg:svg></svg:svg>",
                "<svg xmlns=\"http://example.com/\"></svg>",
                "<?xml version=\"1.0\"?>"
            })
    void whatDoesNotStartLikeAnSvgIsNone(String text) {
        origin.on("/a", Behaviours.body("image/svg+xml", text.getBytes(StandardCharsets.UTF_8)));

        assertThat(refused(Media.IMAGE)).isEqualTo(FetchFailure.NOT_AN_IMAGE);
    }

    @Test
    void svgMayBeginWithALongCommentAndBeInUtf16() {
        String late = "<!--" + "x".repeat(60_000) + "-->" + SVG + "<!--" + "y".repeat(20_000) + "-->";
        origin.on("/a", Behaviours.body("image/svg+xml", late.getBytes(StandardCharsets.UTF_8)));
        assertThat(rig.get(request(Media.IMAGE))).hasSize(late.length());

        origin.on("/a", Behaviours.body("image/svg+xml", ("\uFEFF" + SVG).getBytes(StandardCharsets.UTF_16LE)));
        assertThat(recognised(Media.IMAGE).extension()).isEqualTo("svg");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<!--", " ", "<!-- -->", "<?a b?>", "<!DOCTYPE svg [", "<svg ", "&x;", "<a>"})
    void nothingButBeginningsIsNoSvg(String beginning) {
        byte[] start = beginning.repeat(SvgRoot.START / beginning.length()).getBytes(StandardCharsets.US_ASCII);

        assertThat(ImageTypes.svg(start)).isNull();
    }
}
