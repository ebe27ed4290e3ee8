package dev.sluice.gateway.outbound.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.fetch.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.scheduler.Schedulers;

class PictureCheckTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String LOSSLESS_WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";
    private static final String LOSSY_WEBP = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA";

    @TempDir
    private Path directory;

    private final PictureCheck check = new PictureCheck(50_000_000, Schedulers.boundedElastic());

    private Picture check(byte[] bytes) throws IOException {
        Path file = directory.resolve("picture");
        Files.write(file, bytes);
        return Objects.requireNonNull(check.check(file).block(PATIENCE));
    }

    private Kind refusal(byte[] bytes) {
        return catchThrowableOfType(PictureException.class, () -> check(bytes)).kind();
    }

    /** Noise, so that no encoder makes it small. */
    private static byte[] encoded(String format, int width, int height) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random noise = new Random(7);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, noise.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, bytes)).isTrue();
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "gif"})
    void decentPictureIsToldByItsBytes(String format) throws IOException {
        Picture picture = check(encoded(format, 120, 80));

        assertThat(picture.type().mediaType()).isEqualTo("image/" + format);
        assertThat(picture.width()).isEqualTo(120);
        assertThat(picture.height()).isEqualTo(80);
    }

    @ParameterizedTest
    @ValueSource(strings = {LOSSLESS_WEBP, LOSSY_WEBP})
    void webpIsDecodedToo(String base64) throws IOException {
        assertThat(check(Base64.getDecoder().decode(base64)))
                .isEqualTo(new Picture(new ImageType("image/webp", "webp"), 1, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "gif"})
    void pictureThatBreaksOffIsRefused(String format) throws IOException {
        byte[] whole = encoded(format, 120, 80);

        assertThat(refusal(Arrays.copyOf(whole, whole.length / 2))).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void webpThatBreaksOffIsRefused() {
        byte[] whole = Base64.getDecoder().decode(LOSSLESS_WEBP);

        assertThat(refusal(Arrays.copyOf(whole, whole.length - 8))).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void pictureOfMoreThanAMillionPixelsIsDecodedToItsEnd() throws IOException {
        byte[] whole = encoded("jpeg", 1_500, 1_500);

        assertThat(check(whole).width()).isEqualTo(1_500);
        assertThat(refusal(Arrays.copyOf(whole, whole.length - 5_000))).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void smallFileThatWouldUnfoldIsRefusedByItsHeader() throws IOException {
        byte[] bomb = pngHeader(30_000, 30_000);

        PictureException refusal = catchThrowableOfType(PictureException.class, () -> check(bomb));

        assertThat(bomb).hasSizeLessThan(1_024);
        assertThat(refusal.kind()).isEqualTo(Kind.TOO_MANY_PIXELS);
        assertThat(refusal).hasMessage("30000 x 30000 pixels (expected: at most 50000000)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html><body>not a picture</body></html>", "%PDF-1.7", "PK\u0003\u0004 and so on"})
    void whatIsNoPictureIsRefused(String text) {
        assertThat(refusal(text.getBytes(StandardCharsets.ISO_8859_1))).isEqualTo(Kind.NOT_AN_IMAGE);
    }

    @Test
    void formatThatCannotBeDecodedHereIsRefused() {
        byte[] heic = "\0\0\0\u0018ftypheic\0\0\0\0heicmif1".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(refusal(heic)).isEqualTo(Kind.UNSUPPORTED);
    }

    @Test
    void missingFileIsTheDisksFaultAndNotThePictures() {
        assertThat(catchThrowableOfType(
                        UncheckedIOException.class,
                        () -> check.check(directory.resolve("gone")).block(PATIENCE)))
                .isNotNull();
    }

    private static byte[] pngHeader(int width, int height) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream png = new DataOutputStream(bytes);
        png.writeLong(0x89504e470d0a1a0aL);
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(header);
        fields.writeBytes("IHDR");
        fields.writeInt(width);
        fields.writeInt(height);
        fields.write(new byte[] {8, 6, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(header.toByteArray());
        png.writeInt(13);
        png.write(header.toByteArray());
        png.writeInt((int) crc.getValue());
        return bytes.toByteArray();
    }
}
