package dev.sluice.gateway.outbound.picture.decode.vips;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.Decoded;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoderContract;
import dev.sluice.gateway.outbound.picture.decode.SamplePictures;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
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
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where libvips is installed, it keeps the contract, and reads more than that. */
class VipsDecoderTest extends PictureDecoderContract {
    private static @Nullable VipsDecoder vips;

    @BeforeAll
    static void find(@TempDir Path directory) {
        try {
            vips = VipsDecoder.start(
                    new VipsDecoder.Settings("vips", Duration.ofSeconds(60), Duration.ofSeconds(30)), directory);
        } catch (IOException notInstalled) {
            vips = null;
        }
        assumeThat(vips).as("libvips is installed").isNotNull();
    }

    @AfterAll
    static void close() {
        if (vips != null) {
            vips.close();
        }
    }

    @Override
    protected PictureDecoder decoder() {
        return Objects.requireNonNull(vips);
    }

    private void assumeReads(String mediaType) {
        assumeThat(decoder().mediaTypes()).contains(mediaType);
    }

    @Test
    void whatAsksAndDecodesKeepsItsNetwork() throws IOException {
        decoded(SamplePictures.file("cmyk.jpg"), still("jpeg", 400, 300), List.of(160));

        assertThat(FilteredThreads.names()).isSubsetOf("decoder-start", "process reaper");
    }

    @ParameterizedTest
    @ValueSource(strings = {"heic", "avif", "tiff", "jxl"})
    void furtherFormatsAreReadWhereTheyAreInstalled(String format) throws IOException {
        assumeReads("image/" + format);
        byte[] file = SamplePictures.file("quadrants." + format);
        PictureHeader header = header(format, 400, 300, 1, Coding.WHOLE, false);

        Decoded decoded = decoded(file, header, List.of(160, 320));

        assertThat(decoded.thumbnails()).extracting(Thumbnail::width).containsExactly(160, 320);
        assertThat(decoded.placeholder()).hasSize(28);
        for (Thumbnail thumbnail : decoded.thumbnails()) {
            assertQuadrants(thumbnail);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"heic", "avif", "tiff", "jxl"})
    void furtherFormatsThatBreakOffAreDamaged(String format) throws IOException {
        assumeReads("image/" + format);
        byte[] file = SamplePictures.file("quadrants." + format);
        byte[] part = Arrays.copyOf(file, file.length * 2 / 3);

        PictureException refusal = catchThrowableOfType(
                PictureException.class,
                () -> decoded(part, header(format, 400, 300, 1, Coding.WHOLE, false), List.of(160)));

        assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void inksAreReadToo() throws IOException {
        Decoded decoded = decoded(SamplePictures.file("cmyk.jpg"), still("jpeg", 400, 300), List.of(160));

        BufferedImage image = picture(decoded.thumbnails().getFirst());
        Color red = new Color(image.getRGB(40, 30));
        assertThat(red.getRed()).isGreaterThan(red.getGreen() + 60).isGreaterThan(red.getBlue() + 60);
    }

    private static PictureHeader svg(int width, int height) {
        return new PictureHeader(
                new ImageType("image/svg+xml", "svg"), width, height, (long) width * height, 1, 1, Coding.WHOLE, true);
    }

    private static final String DRAWING = """
            <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="400" height="300">
              <rect width="200" height="150" fill="rgb(220,20,20)"/>
              <rect x="200" width="200" height="150" fill="rgb(20,200,20)"/>
              <rect y="150" width="200" height="150" fill="rgb(20,20,220)"/>
              <rect x="200" y="150" width="200" height="150" fill="rgb(240,240,240)"/>%s
            </svg>
            """;

    @Test
    void drawingIsDrawn() throws IOException {
        assumeReads("image/svg+xml");

        Decoded decoded =
                decoded(DRAWING.formatted("").getBytes(StandardCharsets.UTF_8), svg(400, 300), List.of(160, 320));

        assertThat(decoded.thumbnails()).extracting(Thumbnail::width).containsExactly(160, 320);
        assertThat(decoded.thumbnails()).extracting(Thumbnail::height).containsExactly(120, 240);
        for (Thumbnail thumbnail : decoded.thumbnails()) {
            assertQuadrants(thumbnail);
        }
    }

    @Test
    void drawingShowsNoFileOfItsNeighbours() throws IOException {
        assumeReads("image/svg+xml");
        Path neighbour = Files.createDirectories(directory.resolve("neighbour")).resolve("secret.png");
        Files.write(neighbour, SamplePictures.encoded("png", SamplePictures.of(Color.BLACK, 400, 300)));
        String images = """
                <image width="400" height="300" xlink:href="../neighbour/secret.png"/>
                <image width="400" height="300" xlink:href="%s"/>
                """.formatted(neighbour.toUri());

        Decoded decoded =
                decoded(DRAWING.formatted(images).getBytes(StandardCharsets.UTF_8), svg(400, 300), List.of(160));

        assertQuadrants(decoded.thumbnails().getFirst());
    }

    @Test
    void thumbnailWithinAnHeicIsNoSubstituteForIt() throws IOException {
        assumeReads("image/heic");
        byte[] file = SamplePictures.file("embedded.heic");

        Decoded decoded = decoded(file, header("heic", 400, 300, 1, Coding.WHOLE, false), List.of(160));

        assertQuadrants(decoded.thumbnails().getFirst());
    }

    /** ISO/IEC 14496-12, 4.3: the major brand is the preferred one, the others are in its list. */
    @ParameterizedTest
    @CsvSource({"avif, avis", "heic, mif2"})
    void pictureOfABrandThatLibvipsDoesNotKnowIsRead(String format, String majorBrand) throws IOException {
        assumeReads("image/" + format);
        byte[] file = SamplePictures.file("quadrants." + format);
        System.arraycopy(majorBrand.getBytes(StandardCharsets.US_ASCII), 0, file, 8, 4);

        Decoded decoded = decoded(file, header(format, 400, 300, 1, Coding.WHOLE, false), List.of(160));

        assertQuadrants(decoded.thumbnails().getFirst());
    }

    @Test
    void noisyPictureBecomesAJpegWhereThatIsSmaller() throws IOException {
        BufferedImage noise = new BufferedImage(640, 480, BufferedImage.TYPE_INT_RGB);
        java.util.Random random = new java.util.Random(3);
        for (int y = 0; y < 480; y++) {
            for (int x = 0; x < 640; x++) {
                noise.setRGB(x, y, random.nextInt());
            }
        }

        Decoded decoded = decoded(SamplePictures.encoded("png", noise), still("png", 640, 480), List.of(160, 320));

        Thumbnail largest = decoded.thumbnails().getLast();
        assertThat(largest.type().mediaType()).isEqualTo("image/jpeg");
        assertThat(picture(largest).getWidth()).isEqualTo(320);
    }

    @Test
    void decoderSaysWhatItIs() {
        assertThat(decoder().name()).matches("libvips 8\\.\\d+\\.\\d+");
    }
}
