package dev.sluice.gateway.feature.samples;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * A picture that is painted, the same each time, from its number. There is no WebP among them: no maintained library on
 * the JVM writes it without native code.
 *
 * @param number from 1
 * @param format {@code png}, {@code jpg} or {@code gif}
 */
record SamplePicture(int number, String format) {
    private static final List<String> FORMATS = List.of("png", "jpg", "gif");
    private static final int COUNT = 24;
    private static final int CIRCLES = 40;
    private static final float GOLDEN_RATIO = 0.618034f;

    /** All of them, in order. */
    static List<SamplePicture> all() {
        return IntStream.rangeClosed(1, COUNT)
                .mapToObj(number -> new SamplePicture(number, FORMATS.get(number % FORMATS.size())))
                .toList();
    }

    /** File name, for example {@code picture-03.png}. */
    String fileName() {
        return String.format(Locale.ROOT, "picture-%02d.%s", number, format);
    }

    /** For example {@code image/png}. */
    String mediaType() {
        return "jpg".equals(format) ? "image/jpeg" : "image/" + format;
    }

    /** The file's bytes. Takes tens of milliseconds of a core. */
    byte[] paint() {
        int width = 640 + number * 40;
        int height = 480 + number * 20;
        BufferedImage canvas = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = canvas.createGraphics();
        try {
            brush.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            paint(brush, width, height);
        } finally {
            brush.dispose();
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(canvas, format, file);
        } catch (IOException impossible) {
            throw new IllegalStateException("an image was written to memory", impossible);
        }
        return file.toByteArray();
    }

    private void paint(Graphics2D brush, int width, int height) {
        // Steps that fill the circle of hues evenly; the first numbers of neighbouring seeds are nearly the same.
        float hue = number * GOLDEN_RATIO % 1;
        Random random = new Random(number);
        brush.setPaint(new GradientPaint(
                0, 0, Color.getHSBColor(hue, 0.7f, 0.35f), width, height, Color.getHSBColor(hue + 0.2f, 0.6f, 0.95f)));
        brush.fillRect(0, 0, width, height);
        for (int circle = 0; circle < CIRCLES; circle++) {
            Color tint = Color.getHSBColor(hue + random.nextFloat() * 0.3f, 0.5f, 1f);
            brush.setColor(new Color(tint.getRed(), tint.getGreen(), tint.getBlue(), 60));
            double size = 20 + random.nextDouble() * height / 2;
            brush.fill(new Ellipse2D.Double(
                    random.nextDouble() * width - size / 2, random.nextDouble() * height - size / 2, size, size));
        }
    }
}
