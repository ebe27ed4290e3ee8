package dev.sluice.gateway.outbound.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.DecoderQueue;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.picture.decode.inprocess.InProcessDecoder;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.outbound.spool.DiskBudget;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class PicturesTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String LOSSLESS_WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";
    private static final String LOSSY_WEBP = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA";

    @TempDir
    private Path directory;

    private final Scheduler threads = Schedulers.newBoundedElastic(2, 100, "test-decoder");

    @AfterEach
    void leavesNothingBehind() throws IOException {
        threads.disposeGracefully().block(TIMEOUT);
        try (Stream<Path> left = Files.walk(directory)) {
            assertThat(left.filter(Files::isRegularFile)).allMatch(file -> file.endsWith("lock"));
        }
    }

    private Pictures pictures() {
        return pictures(new DiskBudget(100 << 20, 100 << 20));
    }

    private Pictures pictures(DiskBudget disk) {
        DecoderQueue queue = new DecoderQueue(
                new InProcessDecoder(TIMEOUT),
                new DecoderQueue.Bounds(2, 200 << 20, 200 << 20, 10, TIMEOUT),
                threads,
                Schedulers.parallel());
        return new Pictures(new WorkFiles(directory, threads), disk, queue, 50_000_000, threads);
    }

    private ReceivedFile received(byte[] bytes) {
        Flux<DataBuffer> body = Flux.defer(() -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes)));
        return Objects.requireNonNull(pictures()
                .take(expected(bytes), writer -> writer.apply(body), Mono::just)
                .block(TIMEOUT));
    }

    private static ExpectedPicture expected(byte[] bytes) {
        return new ExpectedPicture("alice", bytes.length);
    }

    private Picture check(byte[] bytes) {
        return received(bytes).picture();
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

        assertThat(refusal(heic)).isIn(Kind.UNSUPPORTED, Kind.DAMAGED);
    }

    @Test
    void thumbnailsAreThoseThatAreNarrowerThanThePicture() throws IOException {
        ReceivedFile file = received(encoded("png", 700, 350));

        assertThat(file.thumbnails()).extracting(Thumbnail::width).containsExactly(160, 320, 640);
        assertThat(file.placeholder()).isNotNull();
    }

    @Test
    void announcedTypeIsComparedWithTheBytes() throws IOException {
        byte[] png = encoded("png", 12, 8);
        Flux<DataBuffer> body = Flux.defer(() -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(png)));

        PictureException refusal = catchThrowableOfType(
                PictureException.class,
                () -> pictures()
                        .takeAs("image/jpeg", expected(png), writer -> writer.apply(body), Mono::just)
                        .block(TIMEOUT));

        assertThat(refusal.kind()).isEqualTo(Kind.OTHER_TYPE);
        assertThat(refusal).hasMessage("The bytes are those of image/png (expected: image/jpeg)");
    }

    @Test
    void roomOnDiskIsReservedBeforeAByteIsAskedForAndFreeWhenAllIsDone() throws IOException {
        byte[] png = encoded("png", 12, 8);
        DiskBudget disk = new DiskBudget(30 << 20, 20 << 20);
        Pictures pictures = pictures(disk);
        Sinks.One<DataBuffer> body = Sinks.one();
        AtomicLong whileUsed = new AtomicLong();

        CompletableFuture<@Nullable ReceivedFile> first = pictures.take(
                        new ExpectedPicture("alice", 12 << 20),
                        writer -> writer.apply(body.asMono().flux()),
                        file -> {
                            whileUsed.set(disk.reserved());
                            return Mono.just(file);
                        })
                .toFuture();
        assertThat(disk.reserved()).isEqualTo(16 << 20);
        assertThat(refused(pictures, "alice", 1 << 20)).hasMessageContaining("You have as many pictures");
        assertThat(refused(pictures, "bob", 11 << 20)).hasMessageContaining("no room for another picture");

        body.tryEmitValue(DefaultDataBufferFactory.sharedInstance.wrap(png));
        assertThat(first).succeedsWithin(TIMEOUT);
        assertThat(whileUsed).hasValue((4 << 20) + png.length);
        assertThat(disk.reserved()).isZero();
    }

    /** Whose source nobody has asked. */
    private static DecoderException refused(Pictures pictures, String owner, long mostBytes) {
        Pictures.Source untouched = writer -> Mono.error(new AssertionError("the source is asked"));
        DecoderException refusal = catchThrowableOfType(
                DecoderException.class,
                () -> pictures.take(new ExpectedPicture(owner, mostBytes), untouched, Mono::just)
                        .block(TIMEOUT));
        assertThat(refusal.kind()).isEqualTo(DecoderException.Kind.BUSY);
        return refusal;
    }

    @Test
    void roomOnDiskIsFreeHoweverATakingEnds() {
        DiskBudget disk = new DiskBudget(100 << 20, 100 << 20);
        Pictures pictures = pictures(disk);
        ExpectedPicture expected = new ExpectedPicture("alice", 1000);

        pictures.take(expected, writer -> writer.apply(Flux.never()), Mono::just)
                .subscribe()
                .dispose();
        StepVerifier.create(pictures.take(
                        expected, writer -> Mono.error(new IllegalStateException("the origin is away")), Mono::just))
                .verifyError(IllegalStateException.class);

        assertThat(disk.reserved()).isZero();
    }

    @Test
    void diskThatFailsIsNotThePicturesFault() {
        Flux<DataBuffer> none = Flux.empty();
        Path file = directory.resolve("no-directory");

        UncheckedIOException failure = catchThrowableOfType(UncheckedIOException.class, () -> {
            Files.createFile(file);
            try {
                new Pictures(
                                new WorkFiles(file, threads),
                                new DiskBudget(100 << 20, 100 << 20),
                                new DecoderQueue(
                                        new InProcessDecoder(TIMEOUT),
                                        new DecoderQueue.Bounds(1, 1 << 20, 1 << 20, 1, TIMEOUT),
                                        threads,
                                        Schedulers.parallel()),
                                1,
                                threads)
                        .take(ExpectedPicture.ofNobody(0), writer -> writer.apply(none), Mono::just)
                        .block(TIMEOUT);
            } finally {
                Files.delete(file);
            }
        });

        assertThat(failure).isNotNull();
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
