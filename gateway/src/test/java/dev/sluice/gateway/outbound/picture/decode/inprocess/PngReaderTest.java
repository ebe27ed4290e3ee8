package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PngReaderTest {
    @TempDir
    private Path directory;

    private DownscaledPicture read(byte[] png, int width, int height) throws IOException {
        Path file = Files.write(directory.resolve("a.png"), png);
        return new PngReader()
                .read(file, new Scaling(width, height, width, height), new Deadline(Duration.ofMinutes(1)));
    }

    private PictureException refusal(byte[] png) {
        return catchThrowableOfType(PictureException.class, () -> read(png, 2, 2));
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    private static PngBytes rgb() {
        return new PngBytes(2, 2, 8, 2, 0);
    }

    @ParameterizedTest
    @CsvSource({
        // depth, color type, a row of two pixels, and its samples
        "1, 0, 40, 00ff, GRAY",
        "2, 0, 60, 55aa, GRAY",
        "4, 0, 3f, 33ff, GRAY",
        "8, 0, 03ff, 03ff, GRAY",
        "16, 0, 0301ffff, 03ff, GRAY",
        "8, 2, 010203040506, 010203040506, RGB",
        "16, 2, 01aa02aa03aa04aa05aa06aa, 010203040506, RGB",
        "8, 4, 07ff0880, 070707ff08080880, RGBA",
        "16, 4, 0700ff0008008000, 070707ff08080880, RGBA",
        "8, 6, 0102030405060708, 0102030405060708, RGBA",
        "16, 6, 01000200030004000500060007000800, 0102030405060708, RGBA",
        // the palette of the test: 0 is 0a0b0c, 1 is 0d0e0f
        "1, 3, 40, 0a0b0c0d0e0f, RGB",
        "2, 3, 10, 0a0b0c0d0e0f, RGB",
        "4, 3, 01, 0a0b0c0d0e0f, RGB",
        "8, 3, 0001, 0a0b0c0d0e0f, RGB"
    })
    void everyKindOfPixelBecomesEightBits(int depth, int colourType, String row, String samples, Layout layout)
            throws IOException {
        PngBytes png = new PngBytes(2, 2, depth, colourType, 0);
        if (colourType == 3) {
            png.chunk("PLTE", hex("0a0b0c 0d0e0f"));
        }

        Pixels pixels = read(png.pixels(hex("00" + row + "00" + row)), 2, 2).pixels();

        assertThat(pixels.layout()).isEqualTo(layout);
        assertThat(pixels.samples()).isEqualTo(hex(samples + samples));
    }

    @ParameterizedTest
    @CsvSource({
        // depth, color type, tRNS, a row of two pixels, and its samples: what is transparent has no colour
        "4, 0, 0003, 3f, 00000000ffffffff",
        "1, 0, 00ff, 40, 000000ff00000000",
        "16, 0, 0301, 03010302, 00000000030303ff",
        "8, 2, 000100020003, 010203040506, 00000000040506ff",
        "8, 3, 80, 0001, 0a0b0c800d0e0fff"
    })
    void transparentColourIsFoundInFullDepth(int depth, int colourType, String transparency, String row, String samples)
            throws IOException {
        PngBytes png = new PngBytes(2, 2, depth, colourType, 0);
        if (colourType == 3) {
            png.chunk("PLTE", hex("0a0b0c 0d0e0f"));
        }
        png.chunk("tRNS", hex(transparency));

        Pixels pixels = read(png.pixels(hex("00" + row + "00" + row)), 2, 2).pixels();

        assertThat(pixels.layout()).isEqualTo(Layout.RGBA);
        assertThat(pixels.samples()).isEqualTo(hex(samples + samples));
    }

    @ParameterizedTest
    @CsvSource({"0, 050608070a0c", "1, 050608020404", "2, fb0304040709", "3, 000506030607", "4, fb0304040404"})
    void filtersAreUndone(String filter, String filtered) throws IOException {
        byte[] pixels = hex("00 0a0304 030303" + "0" + filter + filtered);

        Pixels picture = read(rgb().pixels(pixels), 2, 2).pixels();

        assertThat(picture.samples()).isEqualTo(hex("0a0304 030303 050608 070a0c"));
    }

    @Test
    void interlacedPictureIsPutTogether() throws IOException {
        int width = 11;
        int height = 9;
        ByteArrayOutputStream passes = new ByteArrayOutputStream();
        int[][] adam7 = {
            {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
        };
        for (int[] pass : adam7) {
            for (int y = pass[1]; y < height; y += pass[3]) {
                passes.write(0);
                for (int x = pass[0]; x < width; x += pass[2]) {
                    passes.write(y * 20 + x);
                }
            }
        }

        Pixels picture = read(new PngBytes(width, height, 8, 0, 1).pixels(passes.toByteArray()), width, height)
                .pixels();

        for (int i = 0; i < width * height; i++) {
            assertThat(picture.samples()[i] & 0xff).isEqualTo(i / width * 20 + i % width);
        }
    }

    @Test
    void profileIsUnpackedAndABrokenOneCountsAsNone() throws IOException {
        byte[] pixels = new byte[14];
        byte[] profile = "not looked at here".getBytes(StandardCharsets.US_ASCII);

        assertThat(read(rgb().chunk("iCCP", PngBytes.profile(profile)).pixels(pixels), 2, 2)
                        .profile())
                .isEqualTo(profile);
        assertThat(read(rgb().chunk("iCCP", hex("6100 00 ffff")).pixels(pixels), 2, 2)
                        .profile())
                .isNull();
    }

    @Test
    void chunksThatNobodyKnowsAreSkipped() throws IOException {
        byte[] png = rgb().chunk("tEXt", new byte[100_000])
                .chunk("quUx", new byte[1_000])
                .pixels(new byte[14]);

        assertThat(read(png, 2, 2).pixels().samples()).containsOnly(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 10, 50, 95})
    void pictureThatBreaksOffIsDamaged(int percent) {
        byte[] noise = new byte[100 * 101];
        new Random(1).nextBytes(noise);
        for (int row = 0; row < 100; row++) {
            noise[row * 101] = 0;
        }
        byte[] whole = new PngBytes(100, 100, 8, 0, 0).pixels(noise);
        byte[] part = Arrays.copyOf(whole, whole.length * percent / 100);

        PictureException refusal = catchThrowableOfType(PictureException.class, () -> read(part, 100, 100));

        assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void whatIsWrongIsSaid() {
        byte[] broken = rgb().pixels(new byte[14]);
        broken[45]++;

        assertThat(refusal(rgb().pixels(hex("09 000000000000 00 000000000000"))))
                .hasMessageContaining("filter 9 (expected: 0 to 4)");
        assertThat(refusal(rgb().pixels(new byte[13]))).hasMessageContaining("breaks off");
        assertThat(refusal(new PngBytes(2, 2, 8, 3, 0).pixels(new byte[6]))).hasMessageContaining("palette");
        assertThat(refusal(new PngBytes(2, 2, 16, 3, 0).pixels(new byte[6])))
                .hasMessageContaining("color type 3 has no depth 16");
        assertThat(refusal(new PngBytes(3, 2, 8, 2, 0).pixels(new byte[20]))).hasMessageContaining("3 x 2");
        assertThat(refusal(broken).kind()).isEqualTo(Kind.DAMAGED);
    }
}
