package dev.sluice.gateway.outbound.picture.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.testing.Heif;
import dev.sluice.gateway.testing.PictureFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeifFileTest {
    private static final String HEIC = "image/heic";

    @TempDir
    private Path directory;

    private PictureHeader checkIs(String type, byte[] bytes) {
        try {
            Path file = directory.resolve("picture");
            Files.write(file, bytes);
            return PictureFormats.readAs(type, file, 50_000_000);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private PictureException refusal(String type, byte[] bytes) {
        return catchThrowableOfType(PictureException.class, () -> checkIs(type, bytes));
    }

    @ParameterizedTest
    @CsvSource({
        "image/heic, heic mif1",
        "image/heic, heix",
        "image/heic, heim",
        "image/heic, mif1 heic",
        "image/heif, heic mif1",
        "image/heif, mif1",
        "image/heif, mif1 miaf"
    })
    void fileIsOfEachTypeWhoseBrandItNames(String type, String brands) {
        PictureHeader picture = checkIs(type, Heif.file(4032, 3024, brands.split(" ", -1)));

        assertThat(picture.type().mediaType()).isEqualTo(type);
        assertThat(picture.width()).isEqualTo(4032);
        assertThat(picture.height()).isEqualTo(3024);
    }

    @ParameterizedTest
    @CsvSource({"image/heic, mif1, image/heif", "image/heif, heic, image/heic", "image/heif, heix, image/heic"})
    void fileMayBeCalledByTheOtherNameOfItsContainer(String announced, String brands, String found) {
        PictureHeader picture = checkIs(announced, Heif.file(640, 480, brands.split(" ", -1)));

        assertThat(picture.type().mediaType()).isEqualTo(found);
    }

    @ParameterizedTest
    @CsvSource({
        "image/heif, mif1 avif, image/avif",
        "image/heic, avif mif1 heic, image/avif",
        "image/jpeg, heic mif1, image/heic"
    })
    void fileOfAnotherBrandIsRefused(String type, String brands, String found) {
        PictureException refusal = refusal(type, Heif.file(640, 480, brands.split(" ", -1)));

        assertThat(refusal.kind()).isEqualTo(Kind.OTHER_TYPE);
        assertThat(refusal).hasMessage("The bytes are those of " + found + " (expected: " + type + ")");
    }

    @Test
    void filesOfARealEncoderAreMeasuredAsTheyAreShown() throws IOException {
        assertThat(checkIs(HEIC, resource("small.heic"))).satisfies(picture -> {
            assertThat(picture.width()).isEqualTo(64);
            assertThat(picture.height()).isEqualTo(48);
        });
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream bytes = HeifFileTest.class.getResourceAsStream("/" + name)) {
            return Objects.requireNonNull(bytes, name).readAllBytes();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 640, 480", "1, 480, 640", "2, 640, 480", "3, 480, 640"})
    void quarterTurnsExchangeTheSides(byte turns, int width, int height) {
        byte[] ipco = Heif.box("ipco", Heif.size(640, 480), Heif.box("irot", new byte[] {turns}));

        PictureHeader picture = checkIs(HEIC, Heif.file(ipco, "heic"));

        assertThat(picture.width()).isEqualTo(width);
        assertThat(picture.height()).isEqualTo(height);
    }

    @ParameterizedTest
    @CsvSource({"10000, 5001", "-1, 1", "1, -1", "-1, -1", "50000001, 1"})
    void morePixelsThanAreTakenAreRefusedUnsignedAndUndecoded(int width, int height) {
        assertThat(refusal(HEIC, Heif.file(width, height, "heic")).kind()).isEqualTo(Kind.TOO_MANY_PIXELS);
    }

    @Test
    void tileOfTooManyPixelsIsRefusedThoughThePrimaryItemIsSmall() {
        byte[] ipco = Heif.box("ipco", Heif.size(30_000, 30_000), Heif.size(10, 10));

        assertThat(refusal(HEIC, Heif.file(ipco, "heic")).kind()).isEqualTo(Kind.TOO_MANY_PIXELS);
    }

    @Test
    void asManyPixelsAsAreTakenAreFine() {
        assertThat(checkIs(HEIC, Heif.file(10_000, 5_000, "heic")).width()).isEqualTo(10_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 499, 500, 508, 509, 560, 580})
    void fileThatBreaksOffIsRefused(int missing) {
        byte[] whole = Heif.file(640, 480, "heic", "mif1");

        assertThat(refusal(HEIC, Arrays.copyOf(whole, whole.length - missing)).kind())
                .isEqualTo(Kind.DAMAGED);
    }

    @ParameterizedTest
    @CsvSource({
        // where the aperture is, width and height of it, what is left of 96 x 64
        "0, 0, 40, 20, 40, 20",
        "10, 5, 40, 20, 40, 20",
        "-10, -5, 40, 20, 40, 20",
        "0, 0, 200, 100, 96, 64",
        "40, 30, 40, 20, 28, 12"
    })
    void apertureCropsThePicture(int right, int down, int columns, int rows, int width, int height) {
        byte[] clap = Heif.box("clap", Heif.ints(columns, 1, rows, 1, right, 1, down, 1));

        PictureHeader picture = checkIs(HEIC, Heif.file(Heif.box("ipco", Heif.size(96, 64), clap), "heic"));

        assertThat(picture.width()).isEqualTo(width);
        assertThat(picture.height()).isEqualTo(height);
        assertThat(picture.decodedPixels()).isEqualTo(96 * 64);
    }

    @Test
    void oddSizesThatEncodersPadAreCroppedByHalves() {
        byte[] clap = Heif.box("clap", Heif.ints(95, 1, 63, 1, -1, 2, -1, 2));
        byte[] fractions = Heif.box("clap", Heif.ints(81, 2, 41, 2, 0, 1, 0, 1));

        assertThat(checkIs(HEIC, Heif.file(Heif.box("ipco", Heif.size(96, 64), clap), "heic")))
                .returns(95, PictureHeader::width)
                .returns(63, PictureHeader::height);
        assertThat(checkIs(HEIC, Heif.file(Heif.box("ipco", Heif.size(96, 64), fractions), "heic")))
                .returns(41, PictureHeader::width)
                .returns(21, PictureHeader::height);
    }

    @Test
    void cropsAndTurnsApplyInTheOrderInWhichTheyAreAssociated() {
        byte[] turn = Heif.box("irot", new byte[] {1});
        byte[] clap = Heif.box("clap", Heif.ints(40, 1, 20, 1, 0, 1, 0, 1));
        byte[] mirror = Heif.box("imir", new byte[] {1});

        byte[] croppedThenTurned = Heif.file(Heif.box("ipco", Heif.size(96, 64), clap, turn, mirror), "heic");
        byte[] turnedThenCropped = Heif.file(Heif.box("ipco", turn, Heif.size(96, 64), clap), "heic");

        assertThat(checkIs(HEIC, croppedThenTurned))
                .returns(20, PictureHeader::width)
                .returns(40, PictureHeader::height);
        assertThat(checkIs(HEIC, turnedThenCropped))
                .returns(40, PictureHeader::width)
                .returns(20, PictureHeader::height);
    }

    @ParameterizedTest
    @CsvSource({"200, 0, 40, 1", "0, 0, 0, 1", "0, 0, 40, 0"})
    void apertureThatLeavesNothingIsDamage(int right, int down, int side, int divisor) {
        byte[] clap = Heif.box("clap", Heif.ints(side, divisor, side, divisor, right, 1, down, 1));

        assertThat(refusal(HEIC, Heif.file(Heif.box("ipco", Heif.size(96, 64), clap), "heic"))
                        .kind())
                .isEqualTo(Kind.DAMAGED);
    }

    @Test
    void rubbishBehindTheLastBoxIsPassedOver() {
        byte[] whole = Heif.file(640, 480, "heic");

        for (String rubbish : new String[] {"x", "1234567", "x".repeat(1_000), "\0\0\0\040mp"}) {
            assertThat(checkIs(HEIC, Heif.join(whole, PictureFiles.ascii(rubbish)))
                            .width())
                    .isEqualTo(640);
        }
    }

    @Test
    void fileWithoutASizeIsRefused() {
        byte[] none = Heif.file(Heif.box("ipco", Heif.box("colr", new byte[4])), "heic");
        byte[] zero = Heif.file(0, 480, "heic");
        byte[] noMeta = Heif.join(Heif.ftyp("heic"), Heif.box("mdat", new byte[100]));

        for (byte[] file : new byte[][] {none, zero, noMeta}) {
            assertThat(refusal(HEIC, file).kind()).isEqualTo(Kind.DAMAGED);
        }
    }

    @Test
    void boxesThatSayTooMuchAreGivenUp() {
        byte[] start = Heif.ftyp("heic");
        byte[] manyBoxes = start;
        for (int i = 0; i < 100; i++) {
            manyBoxes = Heif.join(manyBoxes, Heif.box("free"));
        }
        byte[] largeMeta = Heif.join(start, Heif.box("meta", new byte[2 << 20]));
        byte[] twoMetas = Heif.join(start, Heif.box("meta", Heif.ints(0)), Heif.box("meta", Heif.ints(0)));
        byte[] manyItems =
                Heif.join(start, Heif.box("meta", Heif.ints(0), Heif.box("iprp", Heif.box("ipma", Heif.ints(0, -1)))));

        for (byte[] file : new byte[][] {manyBoxes, largeMeta, twoMetas, manyItems}) {
            assertThat(refusal(HEIC, file).kind()).isEqualTo(Kind.DAMAGED);
        }
    }

    @Test
    void whateverIsBrokenInItEndsAsAPictureOrARefusal() {
        byte[] whole = Heif.file(640, 480, "heic", "mif1");
        Random random = new Random(11);
        for (int i = 0; i < 3_000; i++) {
            byte[] broken = whole.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                broken[random.nextInt(whole.length - 500)] = (byte) random.nextInt();
            }
            try {
                checkIs(HEIC, broken);
            } catch (PictureException refused) {
                assertThat(refused).hasMessageNotContaining("null");
            }
        }
    }
}
