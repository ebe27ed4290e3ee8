package dev.sluice.gateway.feature.imageproxy;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/** Files that really are pictures. */
final class DrawnPictures {
    private DrawnPictures() {}

    /** A PNG of few bytes; another one for each seed. */
    static byte[] png(int width, int height, int seed) {
        return written(drawn(width, height, seed), "png");
    }

    /** A PNG that cannot be compressed: some three bytes a pixel. */
    static byte[] noise(int width, int height, int seed) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(seed);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, random.nextInt());
            }
        }
        return written(picture, "png");
    }

    /** A BMP. */
    static byte[] bmp(int width, int height) {
        return written(drawn(width, height, 1), "bmp");
    }

    /** A TIFF. */
    static byte[] tiff(int width, int height) {
        return written(drawn(width, height, 1), "tiff");
    }

    /** An animation whose first frame is another than all that follow. */
    static byte[] gif(int width, int height, int frames) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream output = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(output);
            writer.prepareWriteSequence(null);
            writer.writeToSequence(new IIOImage(drawn(width, height, 1), null, null), null);
            IIOImage next = new IIOImage(drawn(width, height, 2), null, null);
            for (int frame = 1; frame < frames; frame++) {
                writer.writeToSequence(next, null);
            }
            writer.endWriteSequence();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    static BufferedImage read(byte[] file) {
        try {
            return Objects.requireNonNull(ImageIO.read(new ByteArrayInputStream(file)), "a picture");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static BufferedImage drawn(int width, int height, int seed) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = picture.createGraphics();
        Color start = Color.getHSBColor(seed * 0.37f, 0.8f, 0.9f);
        canvas.setPaint(new GradientPaint(0, 0, start, width, height, start.darker()));
        canvas.fillRect(0, 0, width, height);
        canvas.dispose();
        return picture;
    }

    private static byte[] written(BufferedImage picture, String format) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(picture, format, bytes)) {
                throw new IllegalArgumentException(format + ": no writer");
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return bytes.toByteArray();
    }
}
