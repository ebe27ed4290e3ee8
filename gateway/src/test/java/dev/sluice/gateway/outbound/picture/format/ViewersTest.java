package dev.sluice.gateway.outbound.picture.format;

import static dev.sluice.gateway.testing.Heif.join;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Heif;
import dev.sluice.gateway.testing.PictureFiles;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What viewers said of files like these, and what is said here. Pillow 13.0.0 with pillow-heif 1.8.1 (the size after
 * {@code ImageOps.exif_transpose} and {@code load}) and Chromium 156 ({@code naturalWidth} and whether all rows are
 * drawn), asked by hand on 2026-11-28. "no": it is refused, or a part is missing. "-": it has no reader for the format.
 */
class ViewersTest {
    private static final byte[] JPEG = PictureFiles.encoded("jpeg", 40, 30);
    private static final byte[] IHDR = PictureFiles.ihdr(40, 30);
    private static final byte[] IDAT = PictureFiles.idat(40, 30);
    private static final byte[] IEND = PictureFiles.chunk("IEND", new byte[0]);
    private static final byte[] EXIF = PictureFiles.exif(6);
    private static final byte[] TRAILER = {0x3b};
    private static final byte[] FRAME = PictureFiles.frame(0, 0, 40, 30);
    private static final String BOX = "viewBox=\"0 0 100 50\"";

    @TempDir
    private Path directory;

    private static Arguments of(String what, String ours, String pillow, String chromium, byte[] file) {
        return Arguments.of(what, ours, pillow, chromium, "", file);
    }

    private static Arguments differs(
            String what, String ours, String pillow, String chromium, String why, byte[] file) {
        return Arguments.of(what, ours, pillow, chromium, why, file);
    }

    private static byte[] cut(byte[] file, int missing) {
        return Arrays.copyOf(file, file.length - missing);
    }

    static Stream<Arguments> jpegs() {
        byte[] tables = Arrays.copyOfRange(JPEG, 2, JPEG.length);
        return Stream.of(
                of("JPEG", "40x30", "40x30", "40x30", JPEG),
                of("turned", "30x40", "30x40", "30x40", PictureFiles.afterStart(JPEG, PictureFiles.app1(6))),
                of("mirrored", "40x30", "40x30", "40x30", PictureFiles.afterStart(JPEG, PictureFiles.app1(2))),
                of("turned by 9", "40x30", "40x30", "40x30", PictureFiles.afterStart(JPEG, PictureFiles.app1(9))),
                of(
                        "turned twice",
                        "40x30",
                        "40x30",
                        "40x30",
                        PictureFiles.afterStart(JPEG, join(PictureFiles.app1(1), PictureFiles.app1(6)))),
                of("with rubbish behind", "40x30", "40x30", "40x30", join(JPEG, new byte[1_000])),
                of(
                        "with rubbish before a marker",
                        "40x30",
                        "40x30",
                        "40x30",
                        join(cut(JPEG, JPEG.length - 2), PictureFiles.app1(1), new byte[] {1, 2, 3}, tables)),
                of("without its last byte", "damaged", "no", "no", cut(JPEG, 1)),
                of("without its end marker", "damaged", "no", "no", cut(JPEG, 2)),
                of("no rows", "damaged", "no", "no", PictureFiles.framed(JPEG, 0xc0, 8, 40, 0)),
                of("12 bits", "unsupported", "no", "no", PictureFiles.framed(JPEG, 0xc1, 12, 40, 30)),
                of("lossless", "unsupported", "no", "no", PictureFiles.framed(JPEG, 0xc3, 8, 40, 30)),
                differs(
                        "arithmetic coding",
                        "unsupported",
                        "40x30",
                        "40x30",
                        "few browsers and phones show it, this Chromium by its distribution's library",
                        PictureFiles.framed(JPEG, 0xc9, 8, 40, 30)));
    }

    static Stream<Arguments> pngs() {
        byte[] broken = IHDR.clone();
        broken[broken.length - 1]++;
        byte[] brokenPixels = IDAT.clone();
        brokenPixels[brokenPixels.length - 1]++;
        byte[] turned = PictureFiles.chunk("eXIf", EXIF);
        return Stream.of(
                of("PNG", "40x30", "40x30", "40x30", PictureFiles.png(IHDR, IDAT, IEND)),
                of("turned", "30x40", "30x40", "30x40", PictureFiles.png(IHDR, turned, IDAT, IEND)),
                differs(
                        "turned behind its pixels",
                        "40x30",
                        "30x40",
                        "40x30",
                        "whoever draws while reading cannot know, libvips among them",
                        PictureFiles.png(IHDR, IDAT, turned, IEND)),
                differs(
                        "turned by a JPEG's kind of Exif",
                        "40x30",
                        "30x40",
                        "40x30",
                        "the prefix has no place in a PNG; libvips does not read it either",
                        PictureFiles.png(
                                IHDR,
                                PictureFiles.chunk("eXIf", join(PictureFiles.ascii("Exif\0\0"), EXIF)),
                                IDAT,
                                IEND)),
                of(
                        "with rubbish behind",
                        "40x30",
                        "40x30",
                        "40x30",
                        join(PictureFiles.png(IHDR, IDAT, IEND), new byte[9])),
                of("without its last byte", "40x30", "40x30", "40x30", cut(PictureFiles.png(IHDR, IDAT, IEND), 1)),
                differs(
                        "without its last chunk",
                        "damaged",
                        "40x30",
                        "40x30",
                        "nothing tells that no more pixels were to come",
                        PictureFiles.png(IHDR, IDAT)),
                of("a header with a wrong checksum", "damaged", "no", "no", PictureFiles.png(broken, IDAT, IEND)),
                of(
                        "pixels with a wrong checksum",
                        "40x30",
                        "40x30",
                        "40x30",
                        PictureFiles.png(IHDR, brokenPixels, IEND)),
                of("no pixels", "damaged", "no", "no", PictureFiles.png(IHDR, IEND)),
                of(
                        "a chunk without a name",
                        "damaged",
                        "no",
                        "no",
                        PictureFiles.png(IHDR, PictureFiles.chunk("\0\1\2\3", EXIF), IDAT, IEND)),
                differs(
                        "a critical chunk that nobody knows",
                        "unsupported",
                        "40x30",
                        "no",
                        "its meaning could be anything; libpng refuses it too",
                        PictureFiles.png(IHDR, PictureFiles.chunk("ABCD", EXIF), IDAT, IEND)));
    }

    static Stream<Arguments> gifs() {
        return Stream.of(
                of("GIF", "40x30", "40x30", "40x30", PictureFiles.gif(40, 30, FRAME, TRAILER)),
                of(
                        "a screen larger than its frame",
                        "100x80",
                        "100x80",
                        "100x80",
                        PictureFiles.gif(100, 80, FRAME, TRAILER)),
                of(
                        "a frame larger than its screen",
                        "40x30",
                        "40x30",
                        "40x30",
                        PictureFiles.gif(20, 15, FRAME, TRAILER)),
                of(
                        "a frame that reaches beyond its screen",
                        "60x50",
                        "60x50",
                        "60x50",
                        PictureFiles.gif(40, 30, PictureFiles.frame(20, 20, 40, 30), TRAILER)),
                of(
                        "a second frame that does",
                        "40x30",
                        "40x30",
                        "40x30",
                        PictureFiles.gif(40, 30, FRAME, PictureFiles.frame(30, 20, 40, 30), TRAILER)),
                of("no screen", "40x30", "40x30", "40x30", PictureFiles.gif(0, 0, FRAME, TRAILER)),
                of("no trailer", "40x30", "40x30", "40x30", PictureFiles.gif(40, 30, FRAME)),
                of("rubbish for a trailer", "40x30", "40x30", "40x30", PictureFiles.gif(40, 30, FRAME, new byte[3])),
                of("no frame", "damaged", "no", "no", PictureFiles.gif(40, 30, TRAILER)),
                of(
                        "a frame of no size",
                        "damaged",
                        "no",
                        "no",
                        PictureFiles.gif(40, 30, PictureFiles.frame(0, 0, 0, 0), TRAILER)),
                of("cut within its frame", "damaged", "no", "no", PictureFiles.gif(40, 30, cut(FRAME, 2))),
                differs(
                        "cut within its second frame",
                        "damaged",
                        "40x30",
                        "40x30",
                        "the first is whole, the file is not",
                        PictureFiles.gif(40, 30, FRAME, cut(FRAME, 2))));
    }

    static Stream<Arguments> webps() {
        byte[] image = PictureFiles.vp8(40, 30);
        byte[] whole = PictureFiles.webp(image);
        byte[] frame = PictureFiles.anmf(0, 0, 40, 30, image);
        return Stream.of(
                of("WebP", "40x30", "40x30", "40x30", whole),
                of("lossless", "40x30", "40x30", "40x30", PictureFiles.webp(PictureFiles.vp8l(40, 30))),
                of("with rubbish behind", "40x30", "40x30", "40x30", join(whole, new byte[7])),
                of("without its last byte", "damaged", "no", "no", cut(whole, 1)),
                differs(
                        "turned",
                        "30x40",
                        "30x40",
                        "40x30",
                        "Chromium has no eye for Exif in WebP; Firefox, Pillow and libvips do",
                        PictureFiles.webp(PictureFiles.vp8x(8, 40, 30), image, PictureFiles.riff("EXIF", EXIF))),
                of(
                        "turned without saying so",
                        "40x30",
                        "40x30",
                        "40x30",
                        PictureFiles.webp(PictureFiles.vp8x(0, 40, 30), image, PictureFiles.riff("EXIF", EXIF))),
                of(
                        "a broken profile of colours",
                        "40x30",
                        "40x30",
                        "40x30",
                        PictureFiles.webp(PictureFiles.vp8x(0x20, 40, 30), PictureFiles.riff("ICCP", EXIF), image)),
                of(
                        "a canvas of another size",
                        "damaged",
                        "no",
                        "no",
                        PictureFiles.webp(PictureFiles.vp8x(0, 100, 80), image)),
                of(
                        "animated",
                        "100x80",
                        "100x80",
                        "100x80",
                        PictureFiles.webp(PictureFiles.vp8x(2, 100, 80), frame, frame)),
                of(
                        "a frame beyond its canvas",
                        "damaged",
                        "no",
                        "no",
                        PictureFiles.webp(PictureFiles.vp8x(2, 20, 20), frame)),
                of("no frames", "damaged", "no", "no", PictureFiles.webp(PictureFiles.vp8x(2, 40, 30))));
    }

    static Stream<Arguments> heifs() {
        byte[] turn = Heif.box("irot", new byte[] {1});
        byte[] clap = Heif.box("clap", Heif.ints(40, 1, 20, 1, 0, 1, 0, 1));
        byte[] turned = Heif.box("ipco", Heif.size(96, 64), turn);
        byte[] cropped = Heif.box("ipco", Heif.size(96, 64), clap, turn);
        return Stream.of(
                of("HEIC", "96x64", "96x64", "-", Heif.file(96, 64, "heic")),
                of("turned", "64x96", "64x96", "-", Heif.file(turned, "heic")),
                of("cropped and turned", "20x40", "20x40", "-", Heif.file(cropped, "heic")),
                of("HEIC without its last byte", "damaged", "no", "-", cut(Heif.file(96, 64, "heic"), 1)),
                of("AVIF", "96x64", "96x64", "96x64", Heif.file(96, 64, "avif")),
                of("AVIF turned", "64x96", "64x96", "64x96", Heif.file(turned, "avif")),
                differs(
                        "AVIF cropped and turned",
                        "20x40",
                        "64x96",
                        "64x96",
                        "libavif leaves cropping to its user, Pillow leaves it out, and Chromium but at the corner; libvips crops",
                        Heif.file(cropped, "avif")),
                of("AVIF without its last byte", "damaged", "no", "no", cut(Heif.file(96, 64, "avif"), 1)));
    }

    static Stream<Arguments> others() {
        byte[] jxl = Base64.getDecoder().decode(PictureFormatsTest.JXL);
        byte[] tiff = PictureFiles.tiff(ByteOrder.BIG_ENDIAN, 40, 30);
        return Stream.of(
                of("TIFF", "40x30", "40x30", "-", tiff),
                of("TIFF turned", "30x40", "30x40", "-", PictureFiles.tiff(ByteOrder.LITTLE_ENDIAN, 40, 30, 274, 6)),
                of("TIFF without its last byte", "damaged", "no", "-", cut(tiff, 1)),
                of("JPEG XL", "30x20", "-", "30x20", jxl),
                of("JPEG XL with rubbish behind", "30x20", "-", "30x20", join(jxl, new byte[5])),
                of("JPEG XL without its last byte", "damaged", "-", "no", cut(jxl, 1)));
    }

    static Stream<Arguments> svgs() {
        String fits = "no size of its own: librsvg takes the box, Chromium fits it into 300 x 150";
        return Stream.of(
                of("SVG", "120x80", "-", "120x80", PictureFiles.svg("width=\"120\" height=\"80px\"")),
                of("inches", "192x96", "-", "192x96", PictureFiles.svg("width=\"2in\" height=\"1in\"")),
                of("millimetres", "378x189", "-", "378x189", PictureFiles.svg("width=\"100mm\" height=\"50mm\"")),
                of("points", "96x48", "-", "96x48", PictureFiles.svg("width=\"72pt\" height=\"36pt\"")),
                of("fractions", "120x81", "-", "120x81", PictureFiles.svg("width=\"120.4\" height=\"80.6\"")),
                of("a width and a box", "200x100", "-", "200x100", PictureFiles.svg("width=\"200\" " + BOX)),
                of("a height and a box", "400x200", "-", "400x200", PictureFiles.svg("height=\"200\" " + BOX)),
                of("a width alone", "200x150", "-", "200x150", PictureFiles.svg("width=\"200\"")),
                of("nothing", "300x150", "-", "300x150", PictureFiles.svg("")),
                differs("a box", "100x50", "-", "300x150", fits, PictureFiles.svg(BOX)),
                differs(
                        "a box and shares",
                        "100x50",
                        "-",
                        "300x150",
                        fits,
                        PictureFiles.svg("width=\"100%\" height=\"100%\" " + BOX)),
                of("a size of nothing", "damaged", "-", "no", PictureFiles.svg("width=\"0\" height=\"0\"")),
                of("less than nothing", "damaged", "-", "no", PictureFiles.svg("width=\"-5\" height=\"-5\"")),
                of("cut", "damaged", "-", "no", cut(PictureFiles.svg(BOX), 3)),
                of("text behind it", "damaged", "-", "no", join(PictureFiles.svg(BOX), PictureFiles.ascii("x"))));
    }

    @ParameterizedTest(name = "{0}: {1}, Pillow {2}, Chromium {3} {4}")
    @MethodSource({"jpegs", "pngs", "gifs", "webps", "heifs", "others", "svgs"})
    void answerIsThatOfViewersOrItIsKnownWhyNot(
            String what, String ours, String pillow, String chromium, String why, byte[] file) throws IOException {
        assertThat(answer(file)).as(what).isEqualTo(ours);

        boolean agrees = agrees(ours, pillow) && agrees(ours, chromium);
        assertThat(why.isEmpty()).as("a reason where viewers differ: " + what).isEqualTo(agrees);
    }

    private static boolean agrees(String ours, String viewer) {
        boolean isRefused = ours.equals("damaged") || ours.equals("unsupported");
        return viewer.equals("-") || ours.equals(viewer) || (isRefused && viewer.equals("no"));
    }

    private String answer(byte[] bytes) throws IOException {
        Path file = directory.resolve("picture");
        Files.write(file, bytes);
        try {
            PictureHeader header = PictureFormats.read(file, 50_000_000);
            return header.width() + "x" + header.height();
        } catch (PictureException refused) {
            return refused.kind().code();
        }
    }
}
