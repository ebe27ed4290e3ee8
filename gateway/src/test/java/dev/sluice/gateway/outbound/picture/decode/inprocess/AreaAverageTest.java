package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AreaAverageTest {

    private static Pixels noise(int width, int height, Layout layout) {
        byte[] samples = new byte[width * height * layout.bands];
        new Random(7).nextBytes(samples);
        return new Pixels(width, height, layout, samples);
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @Test
    void pixelIsTheMeanOfWhatItCoversAndOfTheShareAtItsEdges() {
        Pixels three = new Pixels(3, 1, Layout.GRAY, bytes(30, 90, 240));

        // One and a half each: (30 + 90 / 2) / 1.5 and (90 / 2 + 240) / 1.5.
        assertThat(AreaAverage.shrink(three, 2, 1).samples()).isEqualTo(bytes(50, 190));
        assertThat(AreaAverage.shrink(three, 1, 1).samples()).isEqualTo(bytes(120));
    }

    @Test
    void sizeThatStaysIsTheSamePicture() {
        Pixels picture = noise(17, 11, Layout.RGBA);
        AreaAverage same = new AreaAverage(new Scaling(17, 11, 17, 11), Layout.RGB);
        Pixels opaque = noise(17, 11, Layout.RGB);
        for (int y = 0; y < 11; y++) {
            same.row(y, opaque.samples(), y * 17 * 3);
        }

        assertThat(AreaAverage.shrink(picture, 17, 11)).isSameAs(picture);
        assertThat(same.result().samples()).isEqualTo(opaque.samples());
    }

    @ParameterizedTest
    @CsvSource({"100, 70, 33, 20, RGB", "100, 70, 99, 70, RGBA", "64, 64, 1, 1, CMYK", "1, 50, 1, 7, GRAY"})
    void rowsInAnyOrderAndSinglePixelsGiveTheSamePicture(
            int width, int height, int toWidth, int toHeight, Layout layout) {
        Pixels picture = noise(width, height, layout);
        Scaling scaling = new Scaling(width, height, toWidth, toHeight);
        AreaAverage upwards = new AreaAverage(scaling, layout);
        AreaAverage pixels = new AreaAverage(scaling, layout);
        for (int y = height - 1; y >= 0; y--) {
            upwards.row(y, picture.samples(), y * width * layout.bands);
            for (int x = 0; x < width; x++) {
                pixels.pixel(x, y, picture.samples(), (y * width + x) * layout.bands);
            }
        }

        byte[] expected = AreaAverage.shrink(picture, toWidth, toHeight).samples();
        // They differ in the order of additions alone.
        assertNear(upwards.result().samples(), expected);
        assertNear(pixels.result().samples(), expected);
    }

    private static void assertNear(byte[] found, byte[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs((found[i] & 0xff) - (expected[i] & 0xff))).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void colourOfWhatIsTransparentDoesNotCount() {
        Pixels picture = new Pixels(2, 1, Layout.RGBA, bytes(200, 100, 50, 255, 255, 255, 255, 0));

        assertThat(AreaAverage.shrink(picture, 1, 1).samples()).isEqualTo(bytes(200, 100, 50, 128));
    }

    @Test
    void whatNeverComesIsTransparent() {
        AreaAverage average = new AreaAverage(new Scaling(2, 4, 1, 2), Layout.RGBA);
        average.row(0, bytes(9, 9, 9, 255, 9, 9, 9, 255), 0);

        assertThat(average.result().samples()).isEqualTo(bytes(9, 9, 9, 128, 0, 0, 0, 0));
    }
}
