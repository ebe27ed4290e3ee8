package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GifReaderTest {
    private static final byte[] PALETTE = {10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42};

    @TempDir
    private Path directory;

    private Pixels read(byte[] gif, int width, int height) throws IOException {
        Path file = Files.write(directory.resolve("a.gif"), gif);
        return new GifReader()
                .read(file, new Scaling(width, height, width, height), new Deadline(Duration.ofMinutes(1)))
                .pixels();
    }

    /** A file with a screen of 3 x 4 and four colours. */
    private static ByteArrayOutputStream screen() {
        ByteArrayOutputStream gif = new ByteArrayOutputStream();
        gif.writeBytes(new byte[] {'G', 'I', 'F', '8', '9', 'a', 3, 0, 4, 0, (byte) 0x81, 0, 0});
        gif.writeBytes(PALETTE);
        return gif;
    }

    /** Adds a frame whose codes of 9 bits are packed into one block; no code stands for more than a pixel. */
    private static byte[] frame(ByteArrayOutputStream gif, int left, int top, int width, int flags, int... indices) {
        gif.writeBytes(new byte[] {
            0x2c, (byte) left, 0, (byte) top, 0, (byte) width, 0, (byte) (indices.length / width), 0, (byte) flags, 8
        });
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        long bits = 256;
        int count = 9;
        for (int i = 0; i <= indices.length; i++) {
            bits |= (long) (i < indices.length ? indices[i] : 257) << count;
            count += 9;
            while (count >= 8) {
                block.write((int) bits);
                bits >>>= 8;
                count -= 8;
            }
        }
        block.write((int) bits);
        gif.write(block.size());
        gif.writeBytes(block.toByteArray());
        gif.writeBytes(new byte[] {0, 0x3b});
        return gif.toByteArray();
    }

    private static int[] reds(Pixels picture) {
        int[] reds = new int[picture.width() * picture.height()];
        for (int i = 0; i < reds.length; i++) {
            boolean isThere = picture.samples()[i * 4 + 3] != 0;
            reds[i] = isThere ? picture.samples()[i * 4] : -1;
        }
        return reds;
    }

    @Test
    void frameLiesWhereItBelongsOnTheScreen() throws IOException {
        Pixels picture = read(frame(screen(), 1, 1, 2, 0, 0, 1, 2, 3), 3, 4);

        assertThat(picture.layout()).isEqualTo(Layout.RGBA);
        assertThat(reds(picture)).containsExactly(-1, -1, -1, -1, 10, 20, -1, 30, 40, -1, -1, -1);
    }

    @Test
    void frameThatReachesBeyondItsScreenIsCut() throws IOException {
        Pixels picture = read(frame(screen(), 2, 3, 2, 0, 0, 1, 2, 3), 3, 4);

        assertThat(reds(picture)).containsExactly(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 10);
    }

    @Test
    void rowsOfAnInterlacedFrameAreSorted() throws IOException {
        // Rows 0, 2, 1, 3, which is the order of the passes.
        Pixels picture = read(frame(screen(), 0, 0, 3, 0x40, 0, 0, 0, 2, 2, 2, 1, 1, 1, 3, 3, 3), 3, 4);

        assertThat(reds(picture)).containsExactly(10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40);
    }

    @Test
    void colourIsTransparentThatTheControlBlockNames() throws IOException {
        ByteArrayOutputStream gif = screen();
        gif.writeBytes(new byte[] {0x21, (byte) 0xf9, 4, 1, 0, 0, 2, 0});

        assertThat(reds(read(frame(gif, 0, 0, 3, 0, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2), 3, 4)))
                .containsExactly(10, 20, -1, 10, 20, -1, 10, 20, -1, 10, 20, -1);
    }

    @Test
    void fileWithoutColoursIsGray() throws IOException {
        ByteArrayOutputStream gif = new ByteArrayOutputStream();
        gif.writeBytes(new byte[] {'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0, 0, 0});

        assertThat(read(frame(gif, 0, 0, 1, 0, 7), 1, 1).samples()).containsExactly(7, 7, 7, 255);
    }

    @Test
    void longCommentsCostNothing() throws IOException {
        ByteArrayOutputStream gif = screen();
        gif.writeBytes(new byte[] {0x21, (byte) 0xfe});
        for (int block = 0; block < 20_000; block++) {
            gif.write(255);
            gif.writeBytes(new byte[255]);
        }
        gif.write(0);

        assertThat(reds(read(frame(gif, 0, 0, 3, 0, new int[12]), 3, 4))).containsOnly(10);
    }

    @Test
    void whatJavaWritesIsReadBack() throws IOException {
        BufferedImage image = new BufferedImage(200, 150, BufferedImage.TYPE_BYTE_INDEXED);
        Random random = new Random(3);
        for (int i = 0; i < 200 * 150; i++) {
            // Noise and plains, so that codes are long, the table fills up, and starts again.
            image.setRGB(i % 200, i / 200, i % 150 < 75 ? random.nextInt() : 0x336699);
        }
        ByteArrayOutputStream gif = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, "gif", gif)).isTrue();

        Pixels picture = read(gif.toByteArray(), 200, 150);

        for (int i = 0; i < 200 * 150; i++) {
            int rgb = (picture.samples()[i * 4] & 0xff) << 16
                    | (picture.samples()[i * 4 + 1] & 0xff) << 8
                    | (picture.samples()[i * 4 + 2] & 0xff);
            assertThat(rgb).isEqualTo(image.getRGB(i % 200, i / 200) & 0xffffff);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 13, 25, 36, 38, 40})
    void fileThatBreaksOffIsDamaged(int length) {
        byte[] whole = frame(screen(), 0, 0, 3, 0, new int[12]);

        PictureException refusal =
                catchThrowableOfType(PictureException.class, () -> read(Arrays.copyOf(whole, length), 3, 4));

        assertThat(refusal.kind()).isEqualTo(Kind.DAMAGED);
    }

    @Test
    void framesWithFewerPixelsThanTheySayAreDamaged() {
        byte[] gif = frame(screen(), 0, 0, 3, 0, new int[12]);
        gif[25 + 7] = 5; // one row more

        PictureException refusal = catchThrowableOfType(PictureException.class, () -> read(gif, 3, 5));

        assertThat(refusal).hasMessageContaining("its pixels end early");
    }
}
