package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All pictures here are of 40 x 30 pixels, red on the left and blue on the right, unless they say otherwise. */
class WebpReaderTest {
    private static final String RED_ALONE = "UklGRh4AAABXRUJQVlA4TBEAAAAvJ0AHAAdQjyIXpf+BiOh/AAA=";
    private static final String TWO_COLOURS =
            "UklGRiwAAABXRUJQVlA4TB8AAAAvJ0AHAA9wFPtT0J6Je/6DB0ICwgP/13ogR/Q/ShgCAA==";
    private static final String BROKEN_PROFILE =
            "UklGRnwAAABXRUJQVlA4WAoAAAAgAAAAJwAAHQAASUNDUDYAAAB0aGlzIGlzIG5vIHByb2"
                    + "ZpbGV0aGlzIGlzIG5vIHByb2ZpbGV0aGlzIGlzIG5vIHByb2ZpbGVWUDhMHwAAAC8nQAcAD3AU+1PQnol7/oMHQgLCA//XeiBH9D9KGAIA";

    /** Red at 20, 10 to 40, 30 on a transparent canvas, then a frame that is blue. */
    private static final String ANIMATED =
            "UklGRogAAABXRUJQVlA4WAoAAAACAAAAJwAAHQAAQU5JTQYAAAAAAAAAAABBTk1GKgAAAAoAAAUAABMAABMAAGQAAAJWUDhMEQAAAC8TwAQAB1CP"
                    + "Ihel/4GI6H8AAEFOTUYqAAAAAAAAAAAAJwAAHQAAZAAAAFZQOEwRAAAALydABwAHUJRSlLv/gYjofwAA";

    /** Of 64 x 48 pixels, lossy: the left half transparent. */
    private static final String HALF_TRANSPARENT =
            "UklGRpAAAABXRUJQVlA4WAoAAAAQAAAAPwAALwAAQUxQSBQAAAABDzD/ERFCLJjMXzqFzoj+B1"
                    + "R9B1ZQOCBWAAAAUAQAnQEqQAAwAD61VqRNJySjoiq4CADgFoljANHr6GwAAV0dNn0p+UqmAAD+694vreanOX//LP5a3m8tbMP2s4//nEvCXCXod9"
                    + "/odVnkY019zZVAAAA=";

    @TempDir
    private Path directory;

    private DownscaledPicture read(byte[] webp, Scaling scaling) throws IOException {
        LibWebp library = LibWebp.library();
        assumeTrue(library != null);
        Path file = Files.write(directory.resolve("a.webp"), webp);
        return new WebpReader(Objects.requireNonNull(library)).read(file, scaling, new Deadline(Duration.ofMinutes(1)));
    }

    private static byte[] bytes(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    private static void assertColour(Pixels picture, int x, int y, int... samples) {
        int bands = picture.layout().bands;
        for (int band = 0; band < samples.length; band++) {
            int sample = picture.samples()[(y * picture.width() + x) * bands + band] & 0xff;
            assertThat(sample).as("band %d at %d, %d", band, x, y).isCloseTo(samples[band], within(8));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {RED_ALONE, TWO_COLOURS, BROKEN_PROFILE})
    void fewColoursAndABrokenProfileAreFine(String webp) throws IOException {
        DownscaledPicture downscaled = read(bytes(webp), new Scaling(40, 30, 20, 15));
        Pixels picture = SrgbColors.of(downscaled).withoutNeedlessAlpha();

        assertThat(picture.layout()).isEqualTo(Layout.RGB);
        assertColour(picture, 2, 2, 200, 30, 40);
        if (!webp.equals(RED_ALONE)) {
            assertColour(picture, 17, 12, 20, 40, 220);
        }
    }

    @Test
    void firstFrameOfAnAnimationLiesOnItsCanvas() throws IOException {
        Pixels picture = read(bytes(ANIMATED), new Scaling(40, 30, 20, 15)).pixels();

        assertThat(picture.width()).isEqualTo(20);
        assertThat(picture.height()).isEqualTo(15);
        assertColour(picture, 5, 10, 0, 0, 0, 0);
        assertColour(picture, 15, 2, 0, 0, 0, 0);
        assertColour(picture, 15, 10, 200, 30, 40, 255);
    }

    @Test
    void alphaOfALossyPictureIsKept() throws IOException {
        Pixels picture =
                read(bytes(HALF_TRANSPARENT), new Scaling(64, 48, 16, 12)).pixels();

        assertThat(picture.layout()).isEqualTo(Layout.RGBA);
        assertThat(picture.samples()[4 * (6 * 16 + 2) + 3]).isZero();
        assertColour(picture, 13, 6, 20, 40, 220, 255);
    }

    @Test
    void pictureOfAnyLengthIsRead() throws IOException {
        Scaling scaling = new Scaling(64, 48, 16, 12);

        Pixels read = read(WebpBytes.lossless(64, 48, 33 << 20), scaling).pixels();

        assertThat(read.samples())
                .isEqualTo(read(WebpBytes.lossless(64, 48), scaling).pixels().samples());
    }

    @Test
    void whatIsEncodedIsDecoded() throws IOException {
        LibWebp library = LibWebp.library();
        assumeTrue(library != null);
        byte[] samples = new byte[50 * 40 * 3];
        Arrays.fill(samples, (byte) 90);

        byte[] webp = Objects.requireNonNull(library).encode(new Pixels(50, 40, Layout.RGB, samples), 75);

        assertColour(read(webp, new Scaling(50, 40, 50, 40)).pixels(), 25, 20, 90, 90, 90);
    }

    @ParameterizedTest
    @ValueSource(strings = {TWO_COLOURS, BROKEN_PROFILE, ANIMATED, HALF_TRANSPARENT})
    void fileThatBreaksOffIsDamaged(String webp) {
        byte[] whole = bytes(webp);
        int width = webp.equals(HALF_TRANSPARENT) ? 64 : 40;
        int height = webp.equals(HALF_TRANSPARENT) ? 48 : 30;

        for (int percent : new int[] {20, 40}) {
            PictureException refusal = catchThrowableOfType(
                    PictureException.class,
                    () -> read(Arrays.copyOf(whole, whole.length * percent / 100), new Scaling(width, height, 10, 10)));

            assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
        }
    }

    @Test
    void pictureOfAnotherSizeThanItsHeaderSaysIsDamaged() {
        PictureException refusal = catchThrowableOfType(
                PictureException.class, () -> read(bytes(TWO_COLOURS), new Scaling(30, 40, 10, 10)));

        assertThat(refusal).hasMessageContaining("40 x 30 pixels (expected: 30 x 40");
    }
}
