package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.gateway.outbound.picture.decode.Decoded;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.picture.decode.ThumbnailSizes;
import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.FileImageOutputStream;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures of 24 megapixels in a process whose heap is smaller than they are. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DecodingMemoryTest {
    private static final int WIDTH = 6000;
    private static final int HEIGHT = 4000;
    private static final String HEAP = "112m";
    private static final long SMALL_HEAP = 112L << 20;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "baseline, jpeg, ROWS, false",
        "progressive, jpeg, WHOLE, false",
        "interlaced, png, WHOLE, true",
        "lossless, webp, WHOLE, false",
        "transparent, webp, ROWS, true"
    })
    void pictureIsDecodedInTheMemoryThatIsReservedForIt(String kind, String format, Coding coding, boolean hasAlpha)
            throws IOException, InterruptedException {
        assumeTrue(Files.isWritable(Path.of("/proc/self/clear_refs")) && LibWebp.library() != null);
        Files.write(directory.resolve("small"), new PngBytes(1300, 100, 8, 0, 0).pixels(new byte[1301 * 100]));
        write(kind, directory.resolve("large"));

        String said = run(format, coding, hasAlpha);

        Matcher result = Pattern.compile("made 4 grew (\\d+)").matcher(said);
        assertThat(result.find()).as("%s", said).isTrue();
        PictureHeader header = DecodesOnce.header(format, WIDTH, HEIGHT, coding, hasAlpha);
        assertThat(Long.parseLong(result.group(1)) << 10).isLessThan(DecodingMemory.of(header, SMALL_HEAP));
    }

    private String run(String format, Coding coding, boolean hasAlpha) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms" + HEAP,
                        "-Xmx" + HEAP,
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DecodesOnce.class.getName(),
                        directory.toString(),
                        format,
                        coding.name(),
                        Boolean.toString(hasAlpha))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }

    private static void write(String kind, Path file) throws IOException {
        switch (kind) {
            case "baseline" -> jpeg(ImageWriteParam.MODE_DISABLED, file);
            case "progressive" -> jpeg(ImageWriteParam.MODE_DEFAULT, file);
            case "interlaced" -> {
                // Gray and alpha; each row of each pass begins with its filter.
                int rows = 500 + 500 + 500 + 1000 + 1000 + 2000 + 2000;
                byte[] filtered = new byte[WIDTH * HEIGHT * 2 + rows];
                Files.write(file, new PngBytes(WIDTH, HEIGHT, 8, 4, 1).pixels(filtered));
            }
            case "lossless" -> Files.write(file, WebpBytes.lossless(WIDTH, HEIGHT));
            default -> {
                Pixels flat = new Pixels(WIDTH, HEIGHT, Layout.RGB, new byte[WIDTH * HEIGHT * 3]);
                byte[] lossy = Objects.requireNonNull(LibWebp.library()).encode(flat, 10);
                Files.write(file, WebpBytes.withAlpha(lossy, WIDTH, HEIGHT));
            }
        }
    }

    private static void jpeg(int progressive, Path file) throws IOException {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_3BYTE_BGR);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try (ImageOutputStream output = new FileImageOutputStream(file.toFile())) {
            writer.setOutput(output);
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setProgressiveMode(progressive);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
    }

    @Test
    void littleIsReservedForWhatIsDecodedRowByRow() {
        long baseline = DecodingMemory.of(DecodesOnce.header("jpeg", WIDTH, HEIGHT, Coding.ROWS, false), SMALL_HEAP);
        long progressive =
                DecodingMemory.of(DecodesOnce.header("jpeg", WIDTH, HEIGHT, Coding.WHOLE, false), SMALL_HEAP);

        assertThat(baseline).isLessThan(64 << 20);
        assertThat(progressive).isGreaterThan(WIDTH * HEIGHT * 6L);
    }

    /** Long screenshots. */
    @ParameterizedTest
    @CsvSource({
        "1000,  9000, ROWS,  160 320 640",
        "1000,  9000, WHOLE, 160 320",
        "1300,  4000, ROWS,  160 320 640 1280",
        "1300,  8000, ROWS,  160 320 640",
        "1300, 16000, ROWS,  160 320 640",
        "1300, 16000, WHOLE, 160 320",
        "4000,  6000, WHOLE, 160 320 640 1280",
        " 700, 70000, ROWS,  ''"
    })
    void thumbnailsThatWouldFillTheHeapAreNotMadeAndNotCharged(int width, int height, Coding coding, String made) {
        PictureHeader header = DecodesOnce.header("png", width, height, coding, true);
        long heap = 256L << 20;

        assertThat(ThumbnailSizes.widths(width, height).stream()
                        .filter(each -> DecodingMemory.isMade(header, each, heap))
                        .map(String::valueOf)
                        .collect(Collectors.joining(" ")))
                .isEqualTo(made);
        assertThat(DecodingMemory.of(header, heap)).isLessThan(400L << 20);
    }

    @Test
    void longScreenshotIsDecodedWithTheThumbnailsThatFit() throws IOException {
        byte[] filtered = new byte[9000 * 1001];
        Path file = Files.write(directory.resolve("large"), new PngBytes(1000, 9000, 8, 0, 0).pixels(filtered));
        PictureHeader header = DecodesOnce.header("png", 1000, 9000, Coding.ROWS, false);

        Decoded decoded = new InProcessDecoder(Duration.ofMinutes(5))
                .decode(file, header, ThumbnailSizes.widths(1000, 9000), directory);

        assertThat(decoded.thumbnails()).extracting(Thumbnail::height).containsExactly(1440, 2880, 5760);
    }

    @Test
    void pictureThatDoesNotFitIntoTheHeapIsBeyondTheLimit() throws IOException {
        int side = 30_000;
        byte[] filtered = new byte[side * (1 + side / 8)];
        Path file = Files.write(directory.resolve("large"), new PngBytes(side, side, 1, 0, 0).pixels(filtered));
        PictureHeader header = DecodesOnce.header("png", side, side, Coding.ROWS, false);

        DecoderException beyond = catchThrowableOfType(
                DecoderException.class,
                () -> new InProcessDecoder(Duration.ofMinutes(5)).decode(file, header, List.of(side), directory));

        assertThat(beyond.kind()).isEqualTo(DecoderException.Kind.LIMIT);
    }
}
