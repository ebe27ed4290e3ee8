package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.SamplePictures;
import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JpegReaderTest {
    private static final Scaling SCALING = new Scaling(64, 48, 16, 12);

    /** Of 40 x 30 pixels, as Adobe's programs write it: red on the left, blue on the right. */
    private static final String CMYK =
            "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMPFB0aHx4dGhwcICQuJyAi"
                    + "LCMcHCg3KSwwMTQ0NB8nOT04MjwuMzQy/8AAFAgAHgAoBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIB"
                    + "AwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpj"
                    + "ZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5"
                    + "+v/aAA4EQwBNAFkASwAAPwD0ivHa8nr3+iiiivJfjb/zAv8At4/9p1LD/FXrXwS/5jv/AG7/APtSivJalr1qiiiiivrSqtfJdFFFFFeS/G3/AJgX/bx/"
                    + "7TqWH+KvWvgl/wAx3/t3/wDalFeS1LXrVFFFFFfWlVa+S6KKKKK8l+Nv/MC/7eP/AGnUsP8AFXrXwS/5jv8A27/+1KK8lqWvWqKKKKK+tKq18l0UUUUV"
                    + "5L8bf+YF/wBvH/tOpYf4q9a+CX/Md/7d/wD2pRXktS161RRRRRX/2Q==";

    @TempDir
    private Path directory;

    private DownscaledPicture read(byte[] jpeg, Scaling scaling) throws IOException {
        Path file = Files.write(directory.resolve("a.jpg"), jpeg);
        return new JpegReader().read(file, scaling, new Deadline(Duration.ofMinutes(1)));
    }

    private PictureException refusal(byte[] jpeg) {
        return catchThrowableOfType(PictureException.class, () -> read(jpeg, SCALING));
    }

    /** Orange on the left and green on the right. */
    private static byte[] jpeg(int type, int mode) throws IOException {
        BufferedImage image = new BufferedImage(64, 48, type);
        Graphics2D canvas = image.createGraphics();
        canvas.setColor(Color.ORANGE);
        canvas.fillRect(0, 0, 32, 48);
        canvas.setColor(Color.GREEN);
        canvas.fillRect(32, 0, 32, 48);
        canvas.dispose();
        return jpeg(image, mode);
    }

    private static byte[] jpeg(BufferedImage image, int mode) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream output = new MemoryCacheImageOutputStream(file)) {
            writer.setOutput(output);
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setProgressiveMode(mode);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    private static byte[] baseline() throws IOException {
        return jpeg(BufferedImage.TYPE_INT_RGB, ImageWriteParam.MODE_DISABLED);
    }

    private static byte[] progressive() throws IOException {
        return jpeg(BufferedImage.TYPE_INT_RGB, ImageWriteParam.MODE_DEFAULT);
    }

    /** The file with a segment behind its first two bytes. */
    private static byte[] with(int marker, byte[] content, byte[] jpeg) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(jpeg, 0, 2);
        file.write(0xff);
        file.write(marker);
        file.write((content.length + 2) >> 8);
        file.write(content.length + 2);
        file.writeBytes(content);
        file.write(jpeg, 2, jpeg.length - 2);
        return file.toByteArray();
    }

    private static byte[] profilePart(int number, int count, byte[] part) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes("ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII));
        content.write(number);
        content.write(count);
        content.writeBytes(part);
        return content.toByteArray();
    }

    private static int sample(Pixels picture, int x, int band) {
        return picture.samples()[(5 * picture.width() + x) * picture.layout().bands + band] & 0xff;
    }

    private static void assertColours(DownscaledPicture downscaled) {
        Pixels picture = SrgbColors.of(downscaled);
        assertThat(sample(picture, 2, 0)).isCloseTo(255, within(8));
        assertThat(sample(picture, 2, 1)).isCloseTo(200, within(8));
        assertThat(sample(picture, 2, 2)).isCloseTo(0, within(8));
        assertThat(sample(picture, 13, 0)).isCloseTo(0, within(8));
        assertThat(sample(picture, 13, 1)).isCloseTo(255, within(8));
    }

    @Test
    void progressivePictureIsReadAsItIsAfterItsLastScan() throws IOException {
        assertColours(read(baseline(), SCALING));
        assertColours(read(progressive(), SCALING));
        assertThat(JpegMarkers.of(directory.resolve("a.jpg"), new Deadline(Duration.ofMinutes(1)))
                        .passes())
                .isGreaterThan(1);
    }

    /** The same coefficients in several scans: refined bit by bit, or a component each; begun anew every few units. */
    @ParameterizedTest
    @ValueSource(strings = {"noise-progressive.jpg", "noise-scans.jpg"})
    void scansMakeThePixelsThatOneScanMakes(String scans) throws IOException {
        Scaling whole = new Scaling(17, 33, 17, 33);

        assertThat(read(SamplePictures.file(scans), whole).pixels().samples())
                .isEqualTo(read(SamplePictures.file("noise-baseline.jpg"), whole)
                        .pixels()
                        .samples());
    }

    /** Blocks beyond the edge, and components of half the size. */
    @ParameterizedTest
    @CsvSource({"1, 1, 5", "40, 24, 5", "641, 479, 5", "641, 479, 10"})
    void photographInScansIsTheOneThatItIsWithoutThem(int width, int height, int type) throws IOException {
        BufferedImage image = new BufferedImage(width, height, type);
        image.getGraphics().drawImage(SamplePictures.quadrants(width, height), 0, 0, null);
        Scaling whole = new Scaling(width, height, width, height);

        assertThat(read(jpeg(image, ImageWriteParam.MODE_DEFAULT), whole)
                        .pixels()
                        .samples())
                .isEqualTo(read(jpeg(image, ImageWriteParam.MODE_DISABLED), whole)
                        .pixels()
                        .samples());
    }

    /** Whatever becomes of a byte, it is read to its end or refused. */
    @Test
    void scansThatAreWrongAreRefusedOrRead() throws IOException {
        byte[] right = SamplePictures.file("noise-progressive.jpg");
        Random random = new Random(11);
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            byte[] wrong = right.clone();
            wrong[random.nextInt(right.length)] = (byte) random.nextInt(256);
            try {
                read(wrong, new Scaling(17, 33, 17, 33));
            } catch (PictureException refusal) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void grayPictureStaysGrayUntilItIsWritten() throws IOException {
        DownscaledPicture downscaled = read(jpeg(BufferedImage.TYPE_BYTE_GRAY, ImageWriteParam.MODE_DISABLED), SCALING);

        assertThat(downscaled.pixels().layout()).isEqualTo(Layout.GRAY);
        assertThat(SrgbColors.of(downscaled).layout()).isEqualTo(Layout.RGB);
    }

    @Test
    void cmykBecomesRgb() throws IOException {
        DownscaledPicture downscaled = read(Base64.getDecoder().decode(CMYK), new Scaling(40, 30, 20, 15));
        Pixels picture = SrgbColors.of(downscaled);

        assertThat(downscaled.pixels().layout()).isEqualTo(Layout.CMYK);
        assertThat(sample(picture, 3, 0)).isCloseTo(200, within(8));
        assertThat(sample(picture, 3, 2)).isCloseTo(40, within(8));
        assertThat(sample(picture, 17, 0)).isCloseTo(20, within(8));
        assertThat(sample(picture, 17, 2)).isCloseTo(220, within(8));
    }

    @Test
    void profileIsPutTogetherFromItsParts() throws IOException {
        byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
        byte[] first = Arrays.copyOf(profile, 100);
        byte[] second = Arrays.copyOfRange(profile, 100, profile.length);
        // Of the latter segment the former is read.
        byte[] jpeg = with(0xe2, profilePart(2, 2, second), with(0xe2, profilePart(1, 2, first), baseline()));

        DownscaledPicture downscaled = read(jpeg, SCALING);

        assertThat(downscaled.profile()).isEqualTo(profile);
        // Linear light of 200 of 255 is 228 in sRGB.
        assertThat(sample(SrgbColors.of(downscaled), 2, 1)).isCloseTo(228, within(8));
    }

    @Test
    void brokenProfileIsNoReasonToRefuseAPicture() throws IOException {
        byte[] part = profilePart(1, 1, "no profile".getBytes(StandardCharsets.US_ASCII));

        assertColours(read(with(0xe2, part, baseline()), SCALING));
        assertColours(read(with(0xe2, part, with(0xe2, part, baseline())), SCALING));
    }

    @Test
    void framesOfMotionJpegHaveTheUsualTables() throws IOException {
        byte[] jpeg = baseline();
        ByteArrayOutputStream tableless = new ByteArrayOutputStream();
        for (int i = 0; i < jpeg.length; i++) {
            while (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) 0xc4) {
                i += 2 + ((jpeg[i + 2] & 0xff) << 8) + (jpeg[i + 3] & 0xff);
            }
            tableless.write(jpeg[i]);
        }
        assertThat(tableless.size()).isLessThan(jpeg.length);

        assertColours(read(tableless.toByteArray(), SCALING));
    }

    @ParameterizedTest
    @CsvSource({"c9, 8", "c1, 12", "c3, 8"})
    void otherKindsOfJpegAreNotSupported(String frame, int bits) throws IOException {
        byte[] jpeg = baseline();
        for (int i = 0; i < jpeg.length - 1; i++) {
            if (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) 0xc0) {
                jpeg[i + 1] = (byte) Integer.parseInt(frame, 16);
                jpeg[i + 4] = (byte) bits;
                break;
            }
        }

        PictureException refusal = refusal(jpeg);

        assertThat(refusal.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(refusal).hasMessageContaining("not supported");
    }

    @Test
    void pictureOfManyScansIsNotSupported() throws IOException {
        byte[] jpeg = progressive();
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(jpeg, 0, jpeg.length - 2);
        for (int scan = 0; scan < 70; scan++) {
            many.writeBytes(new byte[] {(byte) 0xff, (byte) 0xda, 0, 8, 1, 1, 0, 0, 0, 0});
        }
        many.write(jpeg, jpeg.length - 2, 2);

        assertThat(refusal(many.toByteArray()).kind()).isEqualTo(Kind.UNSUPPORTED);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 30, 50, 70, 90})
    void pictureThatBreaksOffIsDamaged(int percent) throws IOException {
        for (byte[] whole : new byte[][] {baseline(), progressive()}) {
            PictureException refusal = refusal(Arrays.copyOf(whole, whole.length * percent / 100));

            assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
        }
    }

    @Test
    void pictureThatTakesTooLongEndsAtItsDeadline() throws IOException {
        Path file = Files.write(directory.resolve("a.jpg"), baseline());

        DecoderException late = catchThrowableOfType(
                DecoderException.class, () -> new JpegReader().read(file, SCALING, new Deadline(Duration.ofNanos(1))));

        assertThat(late.kind()).isEqualTo(DecoderException.Kind.LIMIT);
    }

    @Test
    void missingFileIsTheDisksFaultAndNotThePictures() {
        assertThat(catchThrowableOfType(
                        IOException.class,
                        () -> new JpegReader()
                                .read(directory.resolve("gone"), SCALING, new Deadline(Duration.ofMinutes(1)))))
                .isNotNull();
    }
}
