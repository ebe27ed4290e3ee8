package dev.sluice.gateway.outbound.picture.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every decoder does with JPEG, PNG, GIF and WebP. */
public abstract class PictureDecoderContract {
    protected static final List<Integer> WIDTHS = List.of(160, 320, 640);

    /** Of one part of 255, between a colour and what a lossy format makes of it. */
    private static final int NEAR = 24;

    @TempDir
    protected Path directory;

    /** The decoder to be tested; or an assumption that fails, where it cannot be had. */
    protected abstract PictureDecoder decoder();

    /** Decodes {@code bytes} in a directory of their own. */
    protected final Decoded decoded(byte[] bytes, PictureHeader header, List<Integer> widths) throws IOException {
        Path own = Files.createTempDirectory(directory, "picture");
        Path file = Files.write(own.resolve("original"), bytes);
        return decoder().decode(file, header, widths, own);
    }

    protected static PictureHeader still(String format, int width, int height) {
        return header(format, width, height, 1, Coding.ROWS, false);
    }

    protected static PictureHeader header(
            String format, int width, int height, int orientation, Coding coding, boolean hasAlpha) {
        ImageType type = new ImageType("image/" + format, format.equals("jpeg") ? "jpg" : format);
        return new PictureHeader(type, width, height, (long) width * height, 1, orientation, coding, hasAlpha);
    }

    protected static BufferedImage picture(Thumbnail thumbnail) throws IOException {
        ImageReader reader = thumbnail.type().mediaType().equals("image/webp")
                ? new WebPImageReaderSpi().createReaderInstance()
                : ImageIO.getImageReadersByMIMEType(thumbnail.type().mediaType())
                        .next();
        try (ImageInputStream bytes =
                ImageIO.createImageInputStream(thumbnail.file().toFile())) {
            reader.setInput(bytes);
            return reader.read(0);
        } finally {
            reader.dispose();
        }
    }

    /** Whether the colour at a place, given in hundredths of both sides, is about {@code expected}. */
    protected static void assertColor(BufferedImage image, int right, int down, Color expected) {
        Color found = new Color(image.getRGB(image.getWidth() * right / 100, image.getHeight() * down / 100));
        assertThat(found.getRed()).as("red of %s", found).isCloseTo(expected.getRed(), within(NEAR));
        assertThat(found.getGreen()).as("green of %s", found).isCloseTo(expected.getGreen(), within(NEAR));
        assertThat(found.getBlue()).as("blue of %s", found).isCloseTo(expected.getBlue(), within(NEAR));
    }

    protected static void assertQuadrants(Thumbnail thumbnail) throws IOException {
        BufferedImage image = picture(thumbnail);
        assertColor(image, 25, 25, SamplePictures.RED);
        assertColor(image, 75, 25, SamplePictures.GREEN);
        assertColor(image, 25, 75, SamplePictures.BLUE);
        assertColor(image, 75, 75, SamplePictures.WHITE);
    }

    private static byte[] source(String kind) throws IOException {
        BufferedImage image = SamplePictures.quadrants(400, 300);
        return switch (kind) {
            case "png", "jpeg", "gif" -> SamplePictures.encoded(kind, image);
            case "progressive.jpeg" -> SamplePictures.progressiveJpeg(image);
            case "tableless.jpeg" -> SamplePictures.withoutHuffmanTables(SamplePictures.encoded("jpeg", image));
            case "interlaced.png" -> SamplePictures.interlacedPng(image);
            default -> SamplePictures.file(kind);
        };
    }

    private static PictureHeader headerOf(String kind) {
        boolean isWhole = kind.startsWith("progressive") || kind.startsWith("interlaced") || kind.startsWith("loss");
        return header(
                kind.substring(kind.indexOf('.') + 1),
                400,
                300,
                1,
                isWhole ? Coding.WHOLE : Coding.ROWS,
                kind.startsWith("alpha"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jpeg",
                "progressive.jpeg",
                "tableless.jpeg",
                "png",
                "interlaced.png",
                "gif",
                "lossy.webp",
                "lossless.webp"
            })
    void everyFormatIsShownAsItIs(String kind) throws IOException {
        Decoded decoded = decoded(source(kind), headerOf(kind), List.of(160, 320));

        assertThat(decoded.width()).isEqualTo(400);
        assertThat(decoded.height()).isEqualTo(300);
        assertThat(decoded.thumbnails()).hasSize(2);
        for (Thumbnail thumbnail : decoded.thumbnails()) {
            assertQuadrants(thumbnail);
        }
    }

    @Test
    void thumbnailsHaveTheWidthsThatWereAskedForAndTheHeightsThatFollow() throws IOException {
        byte[] photo = SamplePictures.encoded("jpeg", SamplePictures.quadrants(1000, 747));

        List<Thumbnail> thumbnails =
                decoded(photo, still("jpeg", 1000, 747), WIDTHS).thumbnails();

        assertThat(thumbnails).extracting(Thumbnail::width).containsExactly(160, 320, 640);
        for (Thumbnail thumbnail : thumbnails) {
            BufferedImage image = picture(thumbnail);
            assertThat(image.getWidth()).isEqualTo(thumbnail.width());
            assertThat(image.getHeight()).isEqualTo(thumbnail.height());
            assertThat(thumbnail.height() / 0.747).isCloseTo(thumbnail.width(), within(1.5));
        }
    }

    @ParameterizedTest
    @CsvSource({"1281, 855", "1300, 867", "1999, 1331", "700, 1031", "333, 77", "1283, 3"})
    void aloneAThumbnailIsAsLargeAsBesideOthers(int width, int height) throws IOException {
        BufferedImage odd = SamplePictures.quadrants(width, height);
        for (String format : List.of("jpeg", "png")) {
            byte[] file = SamplePictures.encoded(format, odd);
            List<Integer> widths = ThumbnailSizes.widths(width, height);

            List<Thumbnail> together =
                    decoded(file, still(format, width, height), widths).thumbnails();

            assertThat(together).extracting(Thumbnail::width).isEqualTo(widths);
            for (Thumbnail one : together) {
                Thumbnail alone = decoded(file, still(format, width, height), List.of(one.width()))
                        .thumbnails()
                        .getFirst();
                assertThat(alone.height()).isEqualTo(one.height());
                assertThat(picture(alone).getHeight()).isEqualTo(one.height());
            }
        }
    }

    @Test
    void oneWidthAloneIsMadeToo() throws IOException {
        byte[] photo = SamplePictures.encoded("png", SamplePictures.quadrants(700, 500));

        List<Thumbnail> thumbnails =
                decoded(photo, still("png", 700, 500), List.of(320)).thumbnails();

        assertThat(thumbnails).extracting(Thumbnail::width).containsExactly(320);
        assertQuadrants(thumbnails.getFirst());
    }

    @Test
    void thumbnailKnowsItsBytes() throws IOException {
        byte[] photo = SamplePictures.encoded("jpeg", SamplePictures.quadrants(400, 300));

        Thumbnail thumbnail = decoded(photo, still("jpeg", 400, 300), List.of(160))
                .thumbnails()
                .getFirst();

        byte[] bytes = Files.readAllBytes(thumbnail.file());
        assertThat(thumbnail.size()).isEqualTo(bytes.length);
        assertThat(thumbnail.etag()).isEqualTo(StrongTag.of(StrongTag.digest().digest(bytes)));
        assertThat(thumbnail.type().mediaType()).isIn("image/webp", "image/jpeg");
        assertThat(thumbnail.file()).startsWith(directory);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void thumbnailsAreUpright(int orientation) throws IOException {
        BufferedImage stored = SamplePictures.stored(SamplePictures.quadrants(420, 300), orientation);
        byte[] photo = SamplePictures.withExif(SamplePictures.encoded("jpeg", stored), orientation);

        Decoded decoded = decoded(photo, header("jpeg", 420, 300, orientation, Coding.ROWS, false), List.of(160, 320));

        assertThat(decoded.width()).isEqualTo(420);
        assertThat(decoded.height()).isEqualTo(300);
        for (Thumbnail thumbnail : decoded.thumbnails()) {
            assertThat(thumbnail.height()).isCloseTo(thumbnail.width() * 300 / 420, within(1));
            assertQuadrants(thumbnail);
        }
    }

    @Test
    void thumbnailsTellNothingOfWhoTookThePicture() throws IOException {
        byte[] photo = SamplePictures.withExif(SamplePictures.encoded("jpeg", SamplePictures.quadrants(400, 300)), 1);
        assertThat(new String(photo, StandardCharsets.ISO_8859_1)).contains("A. Nonymous");

        Thumbnail thumbnail = decoded(photo, still("jpeg", 400, 300), List.of(160))
                .thumbnails()
                .getFirst();

        assertThat(Files.readString(thumbnail.file(), StandardCharsets.ISO_8859_1))
                .doesNotContain("A. Nonymous", "Exif", "EXIF", "ICCP", "ICC_PROFILE", "XMP");
    }

    @Test
    void transparencyIsKept() throws IOException {
        BufferedImage half = SamplePictures.halfTransparent(400, 300);

        for (byte[] file : List.of(SamplePictures.encoded("png", half), SamplePictures.file("alpha.webp"))) {
            String format = file[0] == 'R' ? "webp" : "png";
            Decoded decoded = decoded(file, header(format, 400, 300, 1, Coding.ROWS, true), List.of(160, 320));

            for (Thumbnail thumbnail : decoded.thumbnails()) {
                BufferedImage image = picture(thumbnail);
                int y = image.getHeight() / 4;
                assertThat(thumbnail.type().mediaType()).isEqualTo("image/webp");
                assertThat(image.getRGB(image.getWidth() / 4, y) >>> 24).isZero();
                assertThat(image.getRGB(image.getWidth() * 3 / 4, y) >>> 24).isEqualTo(255);
                assertColor(image, 75, 25, SamplePictures.GREEN);
            }
        }
    }

    @Test
    void thumbnailsAreInSrgbWhateverTheProfile() throws IOException {
        byte[] linear = SamplePictures.withLinearProfile(
                SamplePictures.encoded("png", SamplePictures.of(new Color(55, 55, 55), 400, 300)));

        Thumbnail thumbnail = decoded(linear, still("png", 400, 300), List.of(160))
                .thumbnails()
                .getFirst();

        // 55 of 255 of the light is 128 of 255 in sRGB.
        assertColor(picture(thumbnail), 50, 50, new Color(128, 128, 128));
    }

    @Test
    void animationIsShownByItsFirstFrame() throws IOException {
        byte[] gif = SamplePictures.animatedGif(
                SamplePictures.of(SamplePictures.RED, 400, 300), SamplePictures.of(SamplePictures.BLUE, 400, 300));

        Thumbnail ofGif =
                decoded(gif, still("gif", 400, 300), List.of(160)).thumbnails().getFirst();
        Thumbnail ofWebp = decoded(SamplePictures.file("animated.webp"), still("webp", 400, 300), List.of(160))
                .thumbnails()
                .getFirst();

        assertColor(picture(ofGif), 50, 50, SamplePictures.RED);
        assertColor(picture(ofWebp), 50, 50, SamplePictures.RED);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2", "159, 1", "1, 300", "33, 33"})
    void smallPictureIsDecodedAndHasAPlaceholder(int width, int height) throws IOException {
        for (String format : List.of("png", "jpeg", "gif")) {
            byte[] small = SamplePictures.encoded(format, SamplePictures.quadrants(width, height));

            Decoded decoded = decoded(small, still(format, width, height), List.of());

            assertThat(decoded.width()).isEqualTo(width);
            assertThat(decoded.height()).isEqualTo(height);
            assertThat(decoded.thumbnails()).isEmpty();
            assertThat(decoded.placeholder()).isNotNull();
        }
    }

    @Test
    void flatPictureKeepsOneRowAtLeast() throws IOException {
        byte[] flat = SamplePictures.encoded("png", SamplePictures.quadrants(2000, 2));

        Decoded decoded = decoded(flat, still("png", 2000, 2), WIDTHS);

        assertThat(decoded.thumbnails()).extracting(Thumbnail::width).containsExactly(160, 320, 640);
        assertThat(decoded.thumbnails()).extracting(Thumbnail::height).containsOnly(1);
    }

    @Test
    void placeholderIsABlurHashOfThePicture() throws IOException {
        byte[] photo = SamplePictures.encoded("jpeg", SamplePictures.quadrants(400, 300));

        Decoded decoded = decoded(photo, still("jpeg", 400, 300), WIDTHS.subList(0, 2));

        // 4 by 3 components: L is 11 + 9 * 2 - … in base 83, then 4 + 2 * 12 characters in all.
        assertThat(decoded.placeholder()).startsWith("L").hasSize(28);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jpeg",
                "progressive.jpeg",
                "png",
                "interlaced.png",
                "gif",
                "lossy.webp",
                "lossless.webp",
                "alpha.webp"
            })
    void pictureThatBreaksOffIsDamaged(String kind) throws IOException {
        byte[] whole = source(kind);

        for (int percent : List.of(40, 60, 80)) {
            byte[] part = Arrays.copyOf(whole, whole.length * percent / 100);
            for (List<Integer> widths : List.of(List.of(160, 320), List.<Integer>of())) {
                PictureException refusal =
                        catchThrowableOfType(PictureException.class, () -> decoded(part, headerOf(kind), widths));

                assertThat(refusal).as("%s cut to %d %%", kind, percent).isNotNull();
                assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
                assertThat(refusal.getMessage()).contains("is damaged").doesNotContain(directory.toString());
            }
        }
    }

    @Test
    void photographWhoseRowsAreMissingIsDamagedThoughItsFileEndsWell() throws IOException {
        byte[] whole = SamplePictures.encoded("jpeg", SamplePictures.quadrants(400, 300));
        byte[] part = Arrays.copyOf(whole, whole.length / 2);
        part[part.length - 2] = (byte) 0xff;
        part[part.length - 1] = (byte) 0xd9; // the end of an image

        PictureException refusal = catchThrowableOfType(
                PictureException.class, () -> decoded(part, still("jpeg", 400, 300), List.of(160)));

        assertThat(refusal).isNotNull();
        assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void smallPictureThatBreaksOffIsDamagedToo() throws IOException {
        byte[] whole = SamplePictures.encoded("jpeg", SamplePictures.quadrants(120, 90));
        byte[] part = Arrays.copyOf(whole, whole.length * 3 / 4);

        PictureException refusal =
                catchThrowableOfType(PictureException.class, () -> decoded(part, still("jpeg", 120, 90), List.of()));

        assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void headerThatSpeaksOfAnotherSizeIsFoundOut() throws IOException {
        byte[] photo = SamplePictures.encoded("jpeg", SamplePictures.quadrants(400, 300));

        for (PictureHeader lie : List.of(still("jpeg", 400, 301), still("jpeg", 300, 400), still("jpeg", 800, 600))) {
            PictureException refusal =
                    catchThrowableOfType(PictureException.class, () -> decoded(photo, lie, List.of(160)));

            assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
            assertThat(refusal).hasMessageContaining("is damaged");
        }
    }

    @Test
    void formatThatItDoesNotKnowIsUnsupported() {
        PictureException refusal = catchThrowableOfType(
                PictureException.class, () -> decoded(new byte[100], still("x-portable-anymap", 10, 10), List.of()));

        assertThat(refusal.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(refusal).hasMessage("image/x-portable-anymap is not supported");
    }

    @Test
    void readsWhatEveryDecoderReads() {
        assertThat(decoder().mediaTypes()).contains("image/jpeg", "image/png", "image/gif", "image/webp");
        assertThat(decoder().name()).isNotBlank();
    }

    @Test
    void largerPictureIsExpectedToTakeMoreMemory() {
        PictureHeader small = header("jpeg", 1000, 1000, 1, Coding.WHOLE, false);
        PictureHeader large = header("jpeg", 4000, 4000, 1, Coding.WHOLE, false);
        PictureHeader rows = header("jpeg", 4000, 4000, 1, Coding.ROWS, false);

        assertThat(decoder().memoryFor(small)).isPositive().isLessThan(decoder().memoryFor(large));
        assertThat(decoder().memoryFor(rows)).isLessThan(decoder().memoryFor(large));
    }
}
