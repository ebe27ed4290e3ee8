package dev.sluice.gateway.feature.gallery;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.ImageIO;

/** Pictures that decode, and some that do not. */
final class Drawn {
    private Drawn() {}

    static byte[] picture(String format, int width, int height) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), format, bytes);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** A PNG that does not compress: three bytes a pixel and more. */
    static byte[] noise(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, random.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** A PNG that breaks off. */
    static byte[] half() {
        byte[] whole = noise(100, 100);
        return Arrays.copyOf(whole, whole.length / 2);
    }

    /** A PNG of 1 KB that says that it has 30,000 x 30,000 pixels. */
    static byte[] bomb() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(HexFormat.of().parseHex("89504e470d0a1a0a"));
        chunk(bytes, "IHDR", HexFormat.of().parseHex("00007530000075300806000000"));
        Deflater deflater = new Deflater();
        deflater.setInput(new byte[900_000]);
        deflater.finish();
        byte[] packed = new byte[2000];
        int length = deflater.deflate(packed);
        deflater.end();
        chunk(bytes, "IDAT", Arrays.copyOf(packed, length));
        chunk(bytes, "IEND", new byte[0]);
        return bytes.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream to, String type, byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(type.getBytes(StandardCharsets.US_ASCII));
        crc.update(data);
        DataOutputStream out = new DataOutputStream(to);
        try {
            out.writeInt(data.length);
            out.writeBytes(type);
            out.write(data);
            out.writeInt((int) crc.getValue());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** As some models answer: the picture itself, as a URL in quotes. */
    static String inline(byte[] png) {
        return "\"data:image/png;base64," + Base64.getEncoder().encodeToString(png) + "\"";
    }
}
