package dev.sluice.gateway.outbound.picture.decode.vips;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A script in the place of libvips' tool, which dies, hangs, goes away, or takes more than it may. */
@EnabledOnOs(OS.LINUX)
class VipsFaultsTest {
    private static final PictureHeader HEADER =
            new PictureHeader(new ImageType("image/jpeg", "jpg"), 400, 300, 120_000, 1, 1, Coding.ROWS, false);

    @TempDir
    private Path directory;

    private Path tool;
    private VipsDecoder decoder;

    @BeforeEach
    void start() throws IOException {
        tool = directory.resolve("vips");
        decoder = started("true");
    }

    /** A decoder whose tool does {@code script} when it is to make thumbnails. */
    private VipsDecoder started(String script) throws IOException {
        Files.writeString(tool, """
                #!/bin/sh
                if [ "$1 $2" = "thumbnail good.png" ]; then
                  printf '\\211PNG\\r\\n\\032\\n' > made.png
                  echo "input size is 8 x 8"
                  exit
                fi
                case "$1" in
                  --vips-version) echo "libvips 8.99.0" ;;
                  -l) echo "(jpegload)" ;;
                  copy) echo "unsupported" ; exit 1 ;;
                  *) %s ;;
                esac
                """.formatted(script));
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwxr-xr-x"));
        // Whoever computes may have to wait for a processor.
        Duration wall = Duration.ofSeconds(script.startsWith("sleep") ? 2 : 60);
        return VipsDecoder.start(
                new VipsDecoder.Settings(tool.toString(), wall, Duration.ofSeconds(1)),
                Files.createTempDirectory(directory, "probe"));
    }

    @AfterEach
    void close() {
        decoder.close();
    }

    private void becomes(String script) throws IOException {
        decoder.close();
        decoder = started(script);
    }

    private void decode() throws IOException {
        Path own = Files.createTempDirectory(directory, "picture");
        Path file = Files.writeString(own.resolve("original"), "a picture");
        decoder.decode(file, HEADER, List.of(160), own);
    }

    @Test
    void decodersTellWhatTheyReadByThemselves() {
        assertThat(decoder.name()).isEqualTo("libvips 8.99.0");
        assertThat(decoder.mediaTypes()).containsExactly("image/jpeg");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "kill -9 $$                                          | FAILED | The decoder died",
                "kill -SEGV $$                                       | FAILED | The decoder died",
                "exit 3                                              | FAILED | The decoder died",
                "sleep 300                                           | LIMIT  | more time than",
                "while :; do :; done                                 | LIMIT  | more processor time than",
                "exec dd if=/dev/zero of=big bs=1048576 count=999    | LIMIT  | more disk than",
                "echo 'vips_tracked: out of memory --- size'; exit 1 | LIMIT  | more memory than",
                "echo 'GLib: failed to allocate 9 bytes'; kill -6 $$ | LIMIT  | more memory than",
            })
    void decoderThatFailsIsToldFromABadPicture(String script, DecoderException.Kind kind, String message)
            throws IOException {
        becomes(script);

        DecoderException failure = catchThrowableOfType(DecoderException.class, this::decode);

        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure).hasMessageContaining(message);
        assertThat(decoder.failure()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "Unsupported JPEG process: SOF type 0xc3, UNSUPPORTED",
        "heif: Unsupported feature: Unsupported codec, UNSUPPORTED",
        "heifload: bad image dimensions on decode, UNSUPPORTED",
        "tiff2vips: samples_per_pixel not a whole number of bytes, UNSUPPORTED",
        "VipsJpeg: Premature end of JPEG file, DAMAGED",
        "magickload: operation is blocked, DAMAGED"
    })
    void complaintAboutAPictureIsPassedOn(String complaint, PictureException.Kind kind) throws IOException {
        becomes("printf '\\n(vips:47): VIPS-WARNING **: 10:00:00.123: error in tile\\n%s\\n'; exit 1"
                .formatted(complaint));

        PictureException refusal = catchThrowableOfType(PictureException.class, this::decode);

        assertThat(refusal.kind()).isEqualTo(kind);
        assertThat(refusal.getMessage()).doesNotContain("WARNING", "tile", directory.toString());
    }

    @Test
    void fullDiskIsNoFaultOfThePicture() throws IOException {
        becomes("echo 'unable to write: No space left on device'; exit 1");

        assertThatThrownBy(this::decode).isInstanceOf(IOException.class).hasMessageContaining("No space left");
    }

    @Test
    void toolThatMadeNothingHasFailed() {
        assertThatThrownBy(this::decode)
                .isInstanceOfSatisfying(
                        DecoderException.class,
                        failed -> assertThat(failed.kind()).isEqualTo(DecoderException.Kind.FAILED));
    }

    @Test
    void toolThatGoesAwayIsMissedUntilItIsBack() throws IOException {
        Path aside = directory.resolve("aside");
        Files.move(tool, aside);

        for (int i = 0; i < 2; i++) {
            DecoderException failure = catchThrowableOfType(DecoderException.class, this::decode);
            assertThat(failure.kind()).isEqualTo(DecoderException.Kind.FAILED);
            assertThat(decoder.failure()).isNotNull();
        }

        Files.move(aside, tool);
        assertThatThrownBy(this::decode).isInstanceOf(DecoderException.class);
        assertThat(decoder.failure()).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "echo 'pictures: I know none'; exit 1",
                "echo 'operation not supported'; exit 1",
                "exit 0",
                "exit 3",
                "echo 'libvips: out of memory'; exit 1",
                "exec sleep 300"
            })
    void toolThatFailsAtAGoodPictureTooIsToBlameUntilItDoesNot(String everything) throws IOException {
        becomes(everything.contains("sleep") ? "sleep 300" : "echo 'a bad picture'; exit 1");
        String good = Files.readString(tool);
        Files.writeString(tool, "#!/bin/sh\n" + everything + "\n");

        for (int i = 0; i < 2; i++) {
            DecoderException failure = catchThrowableOfType(DecoderException.class, this::decode);
            assertThat(failure.kind()).isEqualTo(DecoderException.Kind.FAILED);
            assertThat(failure).hasMessage("The decoder fails at good pictures too");
            assertThat(decoder.failure()).isNotNull();
        }

        Files.writeString(tool, good);
        assertThatThrownBy(this::decode).hasMessageNotContaining("good pictures");
        assertThat(decoder.failure()).isNull();
    }

    @Test
    void programThatIsNotLibvipsIsNotUsed() throws IOException {
        Files.writeString(tool, "#!/bin/sh\necho 'libvips 8.99.0 (jpegload)'\n");

        assertThatThrownBy(() -> VipsDecoder.start(
                        new VipsDecoder.Settings(tool.toString(), Duration.ofSeconds(60), Duration.ofSeconds(1)),
                        Files.createTempDirectory(directory, "probe")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("good picture");
    }

    @Test
    void whereThereIsNoToolItIsToldAtOnce() {
        assertThatThrownBy(() -> VipsDecoder.start(
                        new VipsDecoder.Settings(
                                directory.resolve("nowhere").toString(), Duration.ofSeconds(3), Duration.ofSeconds(1)),
                        Files.createTempDirectory(directory, "probe")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    void childKilledByHandFailsItsOnePicture() throws Exception {
        becomes("echo $$ > started; exec sleep 300");
        Path own = Files.createTempDirectory(directory, "picture");
        Path file = Files.writeString(own.resolve("original"), "a picture");
        Thread killer = Thread.ofPlatform().start(() -> {
            try {
                Path started = own.resolve("started");
                Await.until(
                        Duration.ofSeconds(20),
                        "it runs",
                        () -> started.toFile().length() > 0);
                ProcessHandle.of(Long.parseLong(Files.readString(started).strip()))
                        .ifPresent(ProcessHandle::destroyForcibly);
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
        });

        DecoderException failure =
                catchThrowableOfType(DecoderException.class, () -> decoder.decode(file, HEADER, List.of(160), own));

        killer.join(20_000);
        assertThat(failure.kind()).isEqualTo(DecoderException.Kind.FAILED);
    }
}
