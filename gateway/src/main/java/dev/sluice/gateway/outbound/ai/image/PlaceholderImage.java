package dev.sluice.gateway.outbound.ai.image;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** A landscape that follows from a prompt, with the prompt below it. The same prompt, the same picture. */
final class PlaceholderImage {
    private static final int LONG_SIDE = 1024;
    private static final int HILLS = 5;
    private static final int PIXEL = 4;
    private static final String CAPTION = "SKETCH: ";

    private final ImagePrompt prompt;
    private final int width;
    private final int height;

    PlaceholderImage(ImagePrompt prompt) {
        this.prompt = prompt;
        ImagePrompt.AspectRatio ratio = prompt.aspectRatio();
        int longer = Math.max(ratio.width(), ratio.height());
        this.width = LONG_SIDE * ratio.width() / longer;
        this.height = LONG_SIDE * ratio.height() / longer;
    }

    /** The file's bytes, at most 3 MB. Takes tens of milliseconds of a core. */
    byte[] png() {
        BufferedImage canvas = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = canvas.createGraphics();
        try {
            brush.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            draw(brush, new Random(prompt.text().hashCode()));
        } finally {
            brush.dispose();
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        // In memory: what ImageIO would choose is a temporary file.
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
            ImageIO.write(canvas, "png", out);
        } catch (IOException impossible) {
            throw new IllegalStateException("an image was written to memory", impossible);
        }
        return file.toByteArray();
    }

    private void draw(Graphics2D brush, Random random) {
        float hue = random.nextFloat();
        sky(brush, random, hue);
        for (int hill = 0; hill < HILLS; hill++) {
            hill(brush, random, hue, hill);
        }
        caption(brush);
    }

    private void sky(Graphics2D brush, Random random, float hue) {
        brush.setPaint(new GradientPaint(
                0, 0, Color.getHSBColor(hue, 0.6f, 0.75f), 0, height, Color.getHSBColor(hue + 0.12f, 0.25f, 1f)));
        brush.fillRect(0, 0, width, height);
        double size = Math.min(width, height) * (0.12 + random.nextDouble() * 0.15);
        brush.setColor(Color.getHSBColor(hue + 0.5f, 0.2f, 1f));
        brush.fill(new Ellipse2D.Double(
                random.nextDouble() * (width - size), random.nextDouble() * height * 0.35, size, size));
    }

    private void hill(Graphics2D brush, Random random, float hue, int number) {
        double top = height * (0.4 + 0.1 * number);
        double swing = height * (0.04 + random.nextDouble() * 0.08);
        double waves = (1 + random.nextDouble() * 3) * 2 * Math.PI / width;
        double start = random.nextDouble() * 2 * Math.PI;
        Path2D ridge = new Path2D.Double();
        ridge.moveTo(0, height);
        for (int x = 0; x <= width; x += 8) {
            ridge.lineTo(x, top + swing * StrictMath.sin(start + x * waves));
        }
        ridge.lineTo(width, height);
        ridge.closePath();
        brush.setColor(Color.getHSBColor(hue + 0.3f + random.nextFloat() * 0.1f, 0.5f, 0.8f - 0.13f * number));
        brush.fill(ridge);
    }

    /** In letters of its own: which fonts a machine has, and whether any, is its own affair. */
    private void caption(Graphics2D brush) {
        int margin = 4 * PIXEL;
        PixelFont letters = new PixelFont(CAPTION + prompt.text(), (width - 2 * margin) / PIXEL);
        int top = height - 2 * margin - letters.height() * PIXEL;
        brush.setColor(new Color(0, 0, 0, 150));
        brush.fillRect(0, top, width, height - top);
        brush.setColor(Color.WHITE);
        letters.dots((x, y) -> brush.fillRect(margin + x * PIXEL, top + margin + y * PIXEL, PIXEL, PIXEL));
    }
}
