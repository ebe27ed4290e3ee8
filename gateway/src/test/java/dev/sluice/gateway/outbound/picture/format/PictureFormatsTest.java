package dev.sluice.gateway.outbound.picture.format;

import static dev.sluice.gateway.testing.Heif.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import dev.sluice.gateway.testing.Heif;
import dev.sluice.gateway.testing.PictureFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read of files, how much of it must be there, and what is refused. */
class PictureFormatsTest {
    private static final long MOST = 50_000_000;

    /** 30 x 20, red: a container of one piece, and a bare codestream. */
    static final String JXL =
            "AAAADEpYTCANCocKAAAAFGZ0eXBqeGwgAAAAAGp4bCAAAABUanhsY/8KmECQUFwIABKIAgD0AF3lEgAAFSqjjBu8nOv5"
                    + "8kOHxbSN6wxttW1hSaLIODZJJ3BIEmsw2GX2AwaAYeYFABwCQAYBkGEtQwOgkgQ=";

    private static final String BARE_JXL = "/wqYQJBQXAgAEogCAPQAXeUSAAAVKqOMG7yc6/nyQ4fFtI3rDG21bWFJosg4NkkncEgSazDYZfY"
            + "DBoBh5gUAHAJABgGQYS1DA6CSBA==";

    /** 30 x 20, red. */
    private static final String AVIF = "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAA"
            + "AcGljdAAAAAAAAAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAAJwAAAChpaW5mAAAAAAABAAAAGml"
            + "uZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAHgAAABQAAAAQcGl4aQAAAAADCAgIAAAADGF2MUO"
            + "BAAwAAAAAE2NvbHJuY2x4AAEADQAGgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAAL21kYXQSAAoJGBE7NogIaDQgMhgcR4eF3dNNNMLAAAC"
            + "LMfbraQt/tj4aGZU=";

    private static final byte[] PIXELS = PictureFiles.idat(40, 30);
    private static final byte[] IEND = PictureFiles.chunk("IEND", new byte[0]);

    @TempDir
    private Path directory;

    private Path file(byte[] bytes) {
        try {
            return Files.write(directory.resolve("picture"), bytes);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private PictureHeader read(byte[] bytes) throws IOException {
        return PictureFormats.read(file(bytes), MOST);
    }

    private PictureException refusal(byte[] bytes) {
        PictureException refusal = catchThrowableOfType(PictureException.class, () -> read(bytes));
        assertThat(refusal).isNotNull();
        return refusal;
    }

    private static byte[] decoded(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    private static byte[] repeated(byte[] part, int times) {
        byte[][] parts = new byte[times][];
        Arrays.fill(parts, part);
        return join(parts);
    }

    static Stream<Arguments> whole() {
        byte[] animated = PictureFiles.anmf(0, 0, 40, 30, PictureFiles.vp8(40, 30));
        byte[] tail = repeated(PictureFiles.ascii("<path d=\"M0 0h9\"/>"), 60);
        return Stream.of(
                Arguments.of("jpg", PictureFiles.encoded("jpeg", 120, 80), 120, 80),
                Arguments.of("png", PictureFiles.encoded("png", 120, 80), 120, 80),
                Arguments.of("gif", PictureFiles.encoded("gif", 120, 80), 120, 80),
                Arguments.of("tiff", PictureFiles.encoded("tiff", 120, 80), 120, 80),
                Arguments.of("tiff", PictureFiles.tiff(ByteOrder.LITTLE_ENDIAN, 40, 30), 40, 30),
                Arguments.of("webp", PictureFiles.webp(PictureFiles.vp8l(40, 30)), 40, 30),
                Arguments.of("webp", PictureFiles.webp(PictureFiles.vp8x(2, 40, 30), repeated(animated, 20)), 40, 30),
                Arguments.of("heic", Heif.file(640, 480, "heic", "mif1"), 640, 480),
                Arguments.of("avif", decoded(AVIF), 30, 20),
                Arguments.of("jxl", decoded(JXL), 30, 20),
                Arguments.of(
                        "svg",
                        join(
                                PictureFiles.ascii("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">"),
                                tail,
                                PictureFiles.ascii("</svg>")),
                        9,
                        9));
    }

    @ParameterizedTest
    @MethodSource("whole")
    void wholeFileTellsItsTypeAndSize(String extension, byte[] whole, int width, int height) throws IOException {
        PictureHeader header = read(whole);

        assertThat(header.type().extension()).isEqualTo(extension);
        assertThat(header.width()).isEqualTo(width);
        assertThat(header.height()).isEqualTo(height);
        assertThat(header.decodedPixels()).isEqualTo((long) width * height);
        assertThat(PictureFormats.TYPES).contains(header.type());
        assertThat(PictureFormats.readAs(header.type().mediaType(), file(whole), MOST))
                .isEqualTo(header);
    }

    @ParameterizedTest
    @MethodSource("whole")
    void fileThatBreaksOffIsDamagedWhereverItDoes(String extension, byte[] whole, int width, int height) {
        for (int percent = 5; percent < 100; percent += 5) {
            byte[] cut = Arrays.copyOf(whole, whole.length * percent / 100);

            Kind kind = refusal(cut).kind();

            // Of the start, too little may be left to tell what it was.
            assertThat(kind)
                    .as(extension + " cut to " + percent + " %")
                    .isIn(
                            percent < 20
                                    ? Stream.of(Kind.DAMAGED, Kind.NOT_AN_IMAGE).toList()
                                    : Stream.of(Kind.DAMAGED).toList());
        }
    }

    @ParameterizedTest
    @MethodSource("whole")
    void whateverIsBrokenInItEndsAsAHeaderOrARefusal(String extension, byte[] whole, int width, int height)
            throws IOException {
        Random random = new Random(11);
        int head = Math.min(whole.length, 400);
        for (int i = 0; i < 300; i++) {
            byte[] broken = whole.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                broken[random.nextInt(head)] = (byte) random.nextInt();
            }
            try {
                assertThat(read(broken).width()).isPositive();
            } catch (PictureException refused) {
                assertThat(refused).hasMessageNotContaining("null");
            }
        }
    }

    static Stream<Arguments> largeHeaders() {
        byte[] jpeg = PictureFiles.encoded("jpeg", 8, 8);
        return Stream.of(
                Arguments.of("png", PictureFiles.png(PictureFiles.ihdr(30_000, 30_000), PIXELS, IEND)),
                Arguments.of(
                        "png of 31 bits",
                        PictureFiles.png(PictureFiles.ihdr(Integer.MAX_VALUE, Integer.MAX_VALUE), PIXELS, IEND)),
                Arguments.of("jpeg", PictureFiles.framed(jpeg, 0xc0, 8, 30_000, 30_000)),
                Arguments.of(
                        "gif", PictureFiles.gif(30_000, 30_000, PictureFiles.frame(0, 0, 1, 1), new byte[] {0x3b})),
                Arguments.of(
                        "frame of a gif",
                        PictureFiles.gif(
                                9, 9, PictureFiles.frame(0, 0, 9, 9), PictureFiles.frame(0, 0, 30_000, 30_000))),
                Arguments.of("webp", PictureFiles.webp(PictureFiles.vp8l(16_000, 16_000))),
                Arguments.of("canvas of a webp", PictureFiles.webp(PictureFiles.vp8x(2, 1 << 24, 1 << 24))),
                Arguments.of(
                        "tiff",
                        PictureFiles.tiff(ByteOrder.BIG_ENDIAN, 3, 3, 322, 30_000, 323, 30_000, 324, 9, 325, 9)),
                Arguments.of("heic", Heif.file(30_000, 30_000, "heic")),
                Arguments.of("avif", Heif.file(-1, -1, "avif")),
                Arguments.of("svg", PictureFiles.svg("width=\"30000\" height=\"30000\"")),
                Arguments.of("svg of a box", PictureFiles.svg("viewBox=\"0 0 1e9 1e9\"")),
                Arguments.of(
                        "jxl",
                        PictureFiles.octets(
                                0xff, 0x0a, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                0xff, 0xff)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("largeHeaders")
    void headerOfTooManyPixelsIsRefused(String what, byte[] small) {
        assertThat(small).hasSizeLessThan(1_500);
        assertThat(refusal(small).kind()).isEqualTo(Kind.TOO_MANY_PIXELS);
        assertThat(refusal(small)).hasMessageEndingWith("(expected: at most 50000000)");
    }

    static Stream<byte[]> emptyHeaders() {
        byte[] jpeg = PictureFiles.encoded("jpeg", 8, 8);
        return Stream.of(
                PictureFiles.png(PictureFiles.ihdr(0, 30), PIXELS, IEND),
                PictureFiles.framed(jpeg, 0xc0, 8, 0, 8),
                PictureFiles.framed(jpeg, 0xc2, 8, 8, 0),
                PictureFiles.tiff(ByteOrder.BIG_ENDIAN, 0, 0),
                Heif.file(0, 480, "heic"),
                PictureFiles.svg("width=\"0.3\" height=\"0.2\""));
    }

    @ParameterizedTest
    @MethodSource("emptyHeaders")
    void pictureWithoutPixelsIsDamaged(byte[] file) {
        assertThat(refusal(file).kind()).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void thousandFramesAreOnePicture() throws IOException {
        byte[] gif = PictureFiles.gif(40, 30, repeated(PictureFiles.frame(0, 0, 40, 30), 1_000));
        byte[] frame = PictureFiles.anmf(0, 0, 40, 30, PictureFiles.vp8(40, 30));
        byte[] webp = PictureFiles.webp(PictureFiles.vp8x(2, 40, 30), repeated(frame, 1_000));
        byte[] control = PictureFiles.chunk("fcTL", new byte[26]);
        byte[] apng = PictureFiles.png(
                PictureFiles.ihdr(40, 30),
                PictureFiles.chunk("acTL", new byte[8]),
                control,
                PIXELS,
                repeated(control, 999),
                IEND);

        for (byte[] file : new byte[][] {gif, webp, apng}) {
            assertThat(read(file))
                    .returns(40, PictureHeader::width)
                    .returns(30, PictureHeader::height)
                    .returns(1_000, PictureHeader::frames);
        }
    }

    @Test
    void endlessPartsAreGivenUp() {
        byte[] scan = PictureFiles.segment(0xda, PictureFiles.octets(1, 1, 0, 0, 63, 0));
        byte[] jpeg = PictureFiles.encoded("jpeg", 8, 8);
        byte[] scans = join(Arrays.copyOf(jpeg, jpeg.length - 2), repeated(scan, 200), PictureFiles.octets(0xff, 0xd9));
        byte[] boxes = join(Heif.ftyp("heic"), repeated(Heif.box("free"), 2_000));

        assertThat(refusal(scans)).hasMessage("JPEG of more than 100 scans is not supported");
        assertThat(refusal(boxes).kind()).isEqualTo(Kind.UNSUPPORTED);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, ROWS, false", "2, 0, ROWS, false", "2, 1, WHOLE, false", "4, 0, ROWS, true", "6, 1, WHOLE, true"
    })
    void pngTellsHowItIsCoded(int colours, int interlacing, Coding coding, boolean hasAlpha) throws IOException {
        byte[] png = PictureFiles.png(PictureFiles.ihdr(40, 30, colours, interlacing), PIXELS, IEND);

        assertThat(read(png)).returns(coding, PictureHeader::coding).returns(hasAlpha, PictureHeader::hasAlpha);
    }

    @Test
    void jpegOfSeveralScansIsHeldAsAWhole() throws IOException {
        byte[] jpeg = PictureFiles.encoded("jpeg", 40, 30);
        byte[] scan = PictureFiles.segment(0xda, PictureFiles.octets(1, 1, 0, 0, 63, 0));
        byte[] several = join(Arrays.copyOf(jpeg, jpeg.length - 2), scan, PictureFiles.octets(1, 2, 3, 0xff, 0xd9));

        assertThat(read(jpeg).coding()).isEqualTo(Coding.ROWS);
        assertThat(read(several).coding()).isEqualTo(Coding.WHOLE);
        assertThat(read(PictureFiles.framed(jpeg, 0xc2, 8, 40, 30)).coding()).isEqualTo(Coding.WHOLE);
    }

    @Test
    void webpTellsHowItIsCoded() throws IOException {
        byte[] lossy = PictureFiles.vp8(40, 30);

        assertThat(read(PictureFiles.webp(lossy)))
                .returns(Coding.ROWS, PictureHeader::coding)
                .returns(false, PictureHeader::hasAlpha);
        assertThat(read(PictureFiles.webp(PictureFiles.vp8x(0x10, 40, 30), lossy)))
                .returns(Coding.ROWS, PictureHeader::coding)
                .returns(true, PictureHeader::hasAlpha);
        assertThat(read(PictureFiles.webp(PictureFiles.vp8l(40, 30))))
                .returns(Coding.WHOLE, PictureHeader::coding)
                .returns(true, PictureHeader::hasAlpha);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void orientationTurnsTheSizeAndIsTold(int orientation) throws IOException {
        byte[] exif = PictureFiles.exif(orientation);
        byte[] jpeg = PictureFiles.afterStart(PictureFiles.encoded("jpeg", 40, 30), PictureFiles.app1(orientation));
        byte[] png = PictureFiles.png(PictureFiles.ihdr(40, 30), PictureFiles.chunk("eXIf", exif), PIXELS, IEND);
        byte[] webp = PictureFiles.webp(
                PictureFiles.vp8x(8, 40, 30), PictureFiles.vp8(40, 30), PictureFiles.riff("EXIF", exif));
        byte[] tiff = PictureFiles.tiff(ByteOrder.BIG_ENDIAN, 40, 30, 274, orientation);

        for (byte[] file : new byte[][] {jpeg, png, webp, tiff}) {
            PictureHeader header = read(file);

            assertThat(header.orientation()).isEqualTo(orientation);
            assertThat(header.isTransposed()).isEqualTo(orientation > 4);
            assertThat(header.width()).isEqualTo(orientation > 4 ? 30 : 40);
            assertThat(header.height()).isEqualTo(orientation > 4 ? 40 : 30);
            assertThat(header.decodedPixels()).isEqualTo(1_200);
        }
    }

    static Stream<Arguments> documents() {
        String root = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"80\"><rect/></svg>";
        String illustrator = """
                <?xml version="1.0" encoding="utf-8"?>
                <!-- Generator: Adobe Illustrator 10.0 -->
                <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.0//EN" "http://www.w3.org/TR/SVG/DTD/svg10.dtd" [
                <!ENTITY ns_svg "http://www.w3.org/2000/svg">
                ]>
                <svg xmlns="&ns_svg;" width="120" height="80"><rect/></svg>
                """;
        return Stream.of(
                Arguments.of("a document type with a subset", illustrator, StandardCharsets.UTF_8),
                Arguments.of(
                        "entities that would unfold",
                        "<!DOCTYPE svg [<!ENTITY a \"&b;&b;&b;\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>"
                                + "<svg width=\"120\" height=\"80\" id=\"&a;\"><text>&b;</text></svg>",
                        StandardCharsets.UTF_8),
                Arguments.of(
                        "a style sheet",
                        "<?xml-stylesheet type=\"text/css\" href=\"x\"?>" + root,
                        StandardCharsets.UTF_8),
                Arguments.of(
                        "a prefix",
                        "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"80\"></s:svg >\n",
                        StandardCharsets.UTF_8),
                Arguments.of("a mark", "\uFEFF" + root, StandardCharsets.UTF_8),
                Arguments.of("UTF-16", "\uFEFF" + root + "<!-- \u20ac -->", StandardCharsets.UTF_16LE),
                Arguments.of("UTF-16 the other way", "\uFEFF" + root, StandardCharsets.UTF_16BE),
                Arguments.of("a licence of 60 KB", "<!--" + "x".repeat(60_000) + "-->" + root, StandardCharsets.UTF_8),
                Arguments.of(
                        "comments behind it",
                        root + "<!-- made with > care --> <?and so on?>\n",
                        StandardCharsets.UTF_8),
                Arguments.of("a root that is all", "<svg width=\"120\" height=\"80\"/>", StandardCharsets.UTF_8));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("documents")
    void svgIsRecognisedByItsRoot(String what, String text, java.nio.charset.Charset charset) throws IOException {
        assertThat(read(text.getBytes(charset)))
                .returns(new ImageType("image/svg+xml", "svg"), PictureHeader::type)
                .returns(120, PictureHeader::width)
                .returns(80, PictureHeader::height);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<html><body>not a picture</body></html>",
                "<!DOCTYPE html><svg></svg>",
                "<svg xmlns=\"http://example.com/\"></svg>",
                "text <svg></svg>",
                "%PDF-1.7",
                "PK\u0003\u0004 and so on"
            })
    void whatIsNoPictureIsToldSo(String text) {
        assertThat(refusal(text.getBytes(StandardCharsets.ISO_8859_1)).kind()).isEqualTo(Kind.NOT_AN_IMAGE);
    }

    @Test
    void rootBeyondWhatIsLookedAtIsNone() {
        String late = "<!--" + "x".repeat(70_000) + "--><svg></svg>";

        assertThat(refusal(late.getBytes(StandardCharsets.UTF_8)).kind()).isEqualTo(Kind.NOT_AN_IMAGE);
    }

    static Stream<Arguments> unsupported() {
        byte[] jpeg = PictureFiles.encoded("jpeg", 8, 8);
        byte[] os2 = join(
                PictureFiles.ascii("BM"),
                new byte[8],
                PictureFiles.octets(26, 0, 0, 0, 12, 0, 0, 0, 4, 0, 4, 0, 1, 0, 24, 0),
                new byte[48]);
        byte[] icon = join(
                PictureFiles.octets(0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 104, 4, 0, 0, 22, 0, 0, 0),
                new byte[1_128]);
        byte[] cursor = icon.clone();
        cursor[2] = 2;
        byte[] bigTiff = join(PictureFiles.ascii("II+\0\b\0\0\0\u0010\0\0\0\0\0\0\0"), new byte[100]);
        byte[] movie = join(Heif.ftyp("msf1"), Heif.box("moov"), Heif.box("mdat", new byte[9]));
        return Stream.of(
                Arguments.of("JPEG with arithmetic coding", PictureFiles.framed(jpeg, 0xc9, 8, 8, 8)),
                Arguments.of("JPEG with arithmetic coding", PictureFiles.framed(jpeg, 0xca, 8, 8, 8)),
                Arguments.of("lossless JPEG", PictureFiles.framed(jpeg, 0xc3, 8, 8, 8)),
                Arguments.of("hierarchical JPEG", PictureFiles.framed(jpeg, 0xc5, 8, 8, 8)),
                Arguments.of("JPEG of 12 bits a sample", PictureFiles.framed(jpeg, 0xc1, 12, 8, 8)),
                Arguments.of("image/bmp", PictureFiles.encoded("bmp", 8, 8)),
                Arguments.of("image/bmp", os2),
                Arguments.of("A Windows icon (ICO)", icon),
                Arguments.of("A Windows cursor (CUR)", cursor),
                Arguments.of("BigTIFF", bigTiff),
                Arguments.of("image/heif-sequence", movie),
                Arguments.of(
                        "JPEG 2000",
                        join(
                                Heif.box("jP  ", Heif.ints(0x0d0a870a)),
                                Heif.box("ftyp", PictureFiles.ascii("jp2 \0\0\0\0jp2 ")))),
                Arguments.of("image/vnd.adobe.photoshop", PictureFiles.ascii("8BPS\0\1" + "\0".repeat(50))),
                Arguments.of(
                        "PNG of Apple's own kind (CgBI)",
                        PictureFiles.png(PictureFiles.chunk("CgBI", new byte[4]), PictureFiles.ihdr(4, 4))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unsupported")
    void formatThatNothingReadsIsNamed(String name, byte[] file) {
        PictureException refusal = refusal(file);

        assertThat(refusal.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(refusal).hasMessage(name + " is not supported");
    }

    @Test
    void fileOfAnotherTypeThanAnnouncedIsRefused() {
        byte[] png = PictureFiles.encoded("png", 8, 8);

        PictureException refusal = catchThrowableOfType(
                PictureException.class, () -> PictureFormats.readAs("image/jpeg", file(png), MOST));

        assertThat(refusal.kind()).isEqualTo(Kind.OTHER_TYPE);
        assertThat(refusal).hasMessage("The bytes are those of image/png (expected: image/jpeg)");
    }

    @Test
    void missingFileIsTheDisksFaultAndNotThePictures() {
        assertThat(catchThrowableOfType(
                        NoSuchFileException.class, () -> PictureFormats.read(directory.resolve("gone"), MOST)))
                .isNotNull();
    }

    @Test
    void bareCodestreamOfJpegXlIsReadAndOrientedByItsDecoder() throws IOException {
        assertThat(read(decoded(BARE_JXL)))
                .returns(30, PictureHeader::width)
                .returns(20, PictureHeader::height)
                .returns(1, PictureHeader::orientation);
    }

    @Test
    void jpegXlMayBeInPiecesOfAnySize() throws IOException {
        byte[] codestream = decoded(BARE_JXL);
        ByteArrayOutputStream parts = new ByteArrayOutputStream();
        for (int at : IntStream.range(0, codestream.length).toArray()) {
            boolean isLast = at == codestream.length - 1;
            parts.write(Heif.box("jxlp", Heif.ints(isLast ? at | 1 << 31 : at), new byte[] {codestream[at]}));
        }
        byte[] start = Arrays.copyOf(decoded(JXL), 32);
        byte[] whole = join(start, parts.toByteArray());

        assertThat(read(whole).width()).isEqualTo(30);
        assertThat(refusal(Arrays.copyOf(whole, whole.length - 13)).kind()).isEqualTo(Kind.DAMAGED);
    }
}
