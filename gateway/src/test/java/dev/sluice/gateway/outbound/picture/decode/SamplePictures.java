package dev.sluice.gateway.outbound.picture.decode;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.ImageOutputStream;

/**
 * Image files for the tests of decoders: four quadrants, red, green, blue and white, so that what turns or mirrors them
 * is seen; with a little noise, so that a file has bytes to lose.
 */
public final class SamplePictures {
    public static final Color RED = new Color(220, 20, 20);
    public static final Color GREEN = new Color(20, 200, 20);
    public static final Color BLUE = new Color(20, 20, 220);
    public static final Color WHITE = new Color(240, 240, 240);

    private SamplePictures() {}

    /** One of the small files that other software made. All are of 400 x 300 pixels. */
    public static byte[] file(String name) throws IOException {
        try (InputStream bytes = SamplePictures.class.getResourceAsStream("/pictures/" + name)) {
            return Objects.requireNonNull(bytes, name).readAllBytes();
        }
    }

    public static BufferedImage quadrants(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random noise = new Random(7);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                Color left = y < (height + 1) / 2 ? RED : BLUE;
                Color right = y < (height + 1) / 2 ? GREEN : WHITE;
                Color color = x < (width + 1) / 2 ? left : right;
                int shade = noise.nextInt(9) - 4;
                image.setRGB(
                        x,
                        y,
                        new Color(color.getRed() + shade, color.getGreen() + shade, color.getBlue() + shade).getRGB());
            }
        }
        return image;
    }

    /** The same, with a left half that is transparent. */
    public static BufferedImage halfTransparent(int width, int height) {
        BufferedImage opaque = quadrants(width, height);
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, x < width / 2 ? opaque.getRGB(x, y) & 0xffffff : opaque.getRGB(x, y));
            }
        }
        return image;
    }

    public static BufferedImage of(Color color, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = image.createGraphics();
        canvas.setColor(color);
        canvas.fillRect(0, 0, width, height);
        canvas.dispose();
        return image;
    }

    /** {@code format} as ImageIO calls it: png, jpeg, gif. */
    public static byte[] encoded(String format, BufferedImage image) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (!ImageIO.write(image, format, bytes)) {
            throw new IOException(format);
        }
        return bytes.toByteArray();
    }

    public static byte[] progressiveJpeg(BufferedImage image) throws IOException {
        return progressive("jpeg", image);
    }

    public static byte[] interlacedPng(BufferedImage image) throws IOException {
        return progressive("png", image);
    }

    private static byte[] progressive(String format, BufferedImage image) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** An animation whose frames follow each other. */
    public static byte[] animatedGif(BufferedImage... frames) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.prepareWriteSequence(null);
            for (BufferedImage frame : frames) {
                IIOMetadata data = writer.getDefaultImageMetadata(new ImageTypeSpecifier(frame), null);
                writer.writeToSequence(new IIOImage(frame, null, data), null);
            }
            writer.endWriteSequence();
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** What is stored so that it is seen upright once it is turned as Exif's {@code orientation} says. */
    public static BufferedImage stored(BufferedImage upright, int orientation) {
        int width = upright.getWidth();
        int height = upright.getHeight();
        boolean lies = orientation >= 5;
        BufferedImage stored =
                new BufferedImage(lies ? height : width, lies ? width : height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int right = width - 1 - x;
                int bottom = height - 1 - y;
                int color = upright.getRGB(x, y);
                switch (orientation) {
                    case 2 -> stored.setRGB(right, y, color);
                    case 3 -> stored.setRGB(right, bottom, color);
                    case 4 -> stored.setRGB(x, bottom, color);
                    case 5 -> stored.setRGB(y, x, color);
                    case 6 -> stored.setRGB(y, right, color);
                    case 7 -> stored.setRGB(bottom, right, color);
                    case 8 -> stored.setRGB(bottom, x, color);
                    default -> stored.setRGB(x, y, color);
                }
            }
        }
        return stored;
    }

    /** A JPEG with an Exif segment that says {@code orientation}, and who took the picture. */
    public static byte[] withExif(byte[] jpeg, int orientation) throws IOException {
        ByteArrayOutputStream segment = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(segment);
        byte[] artist = "A. Nonymous\0".getBytes(StandardCharsets.US_ASCII);
        out.write("Exif\0\0MM\0*".getBytes(StandardCharsets.US_ASCII));
        out.writeInt(8);
        out.writeShort(2);
        out.writeShort(0x0112); // orientation, one SHORT
        out.writeShort(3);
        out.writeInt(1);
        out.writeShort(orientation);
        out.writeShort(0);
        out.writeShort(0x013b); // artist, text
        out.writeShort(2);
        out.writeInt(artist.length);
        out.writeInt(8 + 2 + 24 + 4);
        out.writeInt(0);
        out.write(artist);
        return withSegment(jpeg, 0xe1, segment.toByteArray());
    }

    private static byte[] withSegment(byte[] jpeg, int marker, byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(jpeg, 0, 2);
        out.write(0xff);
        out.write(marker);
        out.writeShort(content.length + 2);
        out.write(content);
        out.write(jpeg, 2, jpeg.length - 2);
        return bytes.toByteArray();
    }

    /** A JPEG as cameras write video frames: without Huffman tables, which are then those of the standard. */
    public static byte[] withoutHuffmanTables(byte[] jpeg) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(jpeg));
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(in.readUnsignedShort());
        for (int marker = in.readUnsignedShort(); marker != 0xffda; marker = in.readUnsignedShort()) {
            int length = in.readUnsignedShort();
            byte[] content = in.readNBytes(length - 2);
            if (marker != 0xffc4) {
                out.writeShort(marker);
                out.writeShort(length);
                out.write(content);
            }
        }
        out.writeShort(0xffda);
        in.transferTo(out);
        return bytes.toByteArray();
    }

    /** A PNG whose numbers are linear light, as its ICC profile says. */
    public static byte[] withLinearProfile(byte[] png) throws IOException {
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        chunk.write("iCCPlinear\0\0".getBytes(StandardCharsets.US_ASCII));
        try (DeflaterOutputStream deflated = new DeflaterOutputStream(chunk)) {
            deflated.write(ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData());
        }
        CRC32 crc = new CRC32();
        crc.update(chunk.toByteArray());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        int header = 8 + 4 + 4 + 13 + 4;
        out.write(png, 0, header);
        out.writeInt(chunk.size() - 4);
        out.write(chunk.toByteArray());
        out.writeInt((int) crc.getValue());
        out.write(png, header, png.length - header);
        return bytes.toByteArray();
    }
}
