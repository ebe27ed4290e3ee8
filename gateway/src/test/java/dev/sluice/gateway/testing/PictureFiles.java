package dev.sluice.gateway.testing;

import static dev.sluice.gateway.testing.Heif.join;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;

/** Image files, put together from their parts. Whole ones can be decoded unless it says otherwise. */
public final class PictureFiles {
    private static final int ORIENTATION = 0x0112;
    private static final int CODED = 200;

    private PictureFiles() {}

    /** Noise, so that no encoder makes it small. */
    public static byte[] encoded(String format, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random noise = new Random(7);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, noise.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, format, bytes)) {
                throw new IllegalArgumentException(format);
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** Big-endian, 16 bits each. */
    public static byte[] shorts(int... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * numbers.length);
        Arrays.stream(numbers).forEach(number -> bytes.putChar((char) number));
        return bytes.array();
    }

    /** Low bytes. */
    public static byte[] octets(int... numbers) {
        byte[] bytes = new byte[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            bytes[i] = (byte) numbers[i];
        }
        return bytes;
    }

    /** A directory of Exif with an orientation and nothing else, big-endian. */
    public static byte[] exif(int orientation) {
        return join(
                ascii("MM"),
                shorts(42),
                Heif.ints(8),
                shorts(1, ORIENTATION, 3),
                Heif.ints(1),
                shorts(orientation, 0),
                Heif.ints(0));
    }

    /** A JPEG's APP1 of that directory. */
    public static byte[] app1(int orientation) {
        return segment(0xe1, join(ascii("Exif\0\0"), exif(orientation)));
    }

    /** A JPEG segment. */
    public static byte[] segment(int marker, byte[] content) {
        return join(octets(0xff, marker), shorts(content.length + 2), content);
    }

    /** {@code jpeg} with {@code more} behind its first marker. */
    public static byte[] afterStart(byte[] jpeg, byte[] more) {
        return join(Arrays.copyOf(jpeg, 2), more, Arrays.copyOfRange(jpeg, 2, jpeg.length));
    }

    /** {@code jpeg} with the frame's marker, bits and size changed; its scan is no longer what they say. */
    public static byte[] framed(byte[] jpeg, int marker, int bits, int width, int height) {
        byte[] changed = jpeg.clone();
        int at = 2;
        while ((changed[at + 1] & 0xff) != 0xc0) {
            at += 2 + ByteBuffer.wrap(changed).getChar(at + 2);
        }
        ByteBuffer.wrap(changed)
                .put(at + 1, (byte) marker)
                .put(at + 4, (byte) bits)
                .putChar(at + 5, (char) height)
                .putChar(at + 7, (char) width);
        return changed;
    }

    /** A PNG of these chunks. */
    public static byte[] png(byte[]... chunks) {
        return join(Heif.ints(0x89504e47, 0x0d0a1a0a), join(chunks));
    }

    /** Eight bits, with colours and transparency. */
    public static byte[] ihdr(int width, int height) {
        return ihdr(width, height, 6, 0);
    }

    /** Eight bits. */
    public static byte[] ihdr(int width, int height, int colours, int interlacing) {
        return chunk("IHDR", join(Heif.ints(width, height), octets(8, colours, 0, 0, interlacing)));
    }

    /** Transparent pixels of such an image without interlacing. */
    public static byte[] idat(int width, int height) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DeflaterOutputStream rows = new DeflaterOutputStream(bytes)) {
            rows.write(new byte[(1 + 4 * width) * height]);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return chunk("IDAT", bytes.toByteArray());
    }

    /** A PNG chunk. */
    public static byte[] chunk(String type, byte[] data) {
        byte[] typeAndData = join(ascii(type), data);
        CRC32 crc = new CRC32();
        crc.update(typeAndData);
        return join(Heif.ints(data.length), typeAndData, Heif.ints((int) crc.getValue()));
    }

    /** A GIF of these blocks, without its trailer and without colours. */
    public static byte[] gif(int width, int height, byte[]... blocks) {
        return join(ascii("GIF89a"), little16(width, height), octets(0, 0, 0), join(blocks));
    }

    /** A frame of a GIF, of two colours; its pixels are none that can be decoded unless it is one pixel. */
    public static byte[] frame(int left, int top, int width, int height) {
        return join(
                octets(0x2c),
                little16(left, top, width, height),
                octets(0x80, 0, 0, 0, 255, 255, 255, 2, 2, 0x44, 1, 0));
    }

    /** A RIFF file of these chunks. */
    public static byte[] webp(byte[]... chunks) {
        byte[] content = join(ascii("WEBP"), join(chunks));
        return join(ascii("RIFF"), little32(content.length), content);
    }

    /** A RIFF chunk. */
    public static byte[] riff(String type, byte[] data) {
        return join(ascii(type), little32(data.length), data, new byte[data.length % 2]);
    }

    /** A header of an extended WebP. */
    public static byte[] vp8x(int flags, int width, int height) {
        return riff("VP8X", join(little32(flags), little24(width - 1, height - 1)));
    }

    /** A lossy image of a WebP as far as its header goes. */
    public static byte[] vp8(int width, int height) {
        return riff("VP8 ", join(octets(0x10, 0, 0, 0x9d, 0x01, 0x2a), little16(width, height), new byte[CODED]));
    }

    /** A lossless one likewise. */
    public static byte[] vp8l(int width, int height) {
        return riff(
                "VP8L", join(octets(0x2f), little32((width - 1) | ((height - 1) << 14) | (1 << 28)), new byte[CODED]));
    }

    /** A frame of an animated WebP, which is {@code image}. */
    public static byte[] anmf(int left, int top, int width, int height, byte[] image) {
        return riff("ANMF", join(little24(left / 2, top / 2, width - 1, height - 1, 100), octets(0), image));
    }

    /** A TIFF of 8 bits grey in one strip, with these entries more. Its entries are sorted by whoever calls. */
    public static byte[] tiff(ByteOrder order, int width, int height, int... tagsAndShorts) {
        int count = 6 + tagsAndShorts.length / 2;
        ByteBuffer bytes =
                ByteBuffer.allocate(8 + 2 + 12 * count + 4 + width * height).order(order);
        bytes.put(ascii(order == ByteOrder.BIG_ENDIAN ? "MM" : "II"))
                .putChar((char) 42)
                .putInt(8);
        bytes.putChar((char) count);
        entry(bytes, 256, width);
        entry(bytes, 257, height);
        entry(bytes, 258, 8);
        entry(bytes, 262, 1);
        entry(bytes, 273, bytes.capacity() - width * height);
        int at = 0;
        for (; at < tagsAndShorts.length && tagsAndShorts[at] < 279; at += 2) {
            entry(bytes, tagsAndShorts[at], tagsAndShorts[at + 1]);
        }
        entry(bytes, 279, width * height);
        for (; at < tagsAndShorts.length; at += 2) {
            entry(bytes, tagsAndShorts[at], tagsAndShorts[at + 1]);
        }
        return bytes.array();
    }

    private static void entry(ByteBuffer bytes, int tag, int value) {
        bytes.putChar((char) tag)
                .putChar((char) 3)
                .putInt(1)
                .putChar((char) value)
                .putChar((char) 0);
    }

    /** An SVG whose root has these attributes. */
    public static byte[] svg(String attributes) {
        return ascii(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" " + attributes + "><rect width=\"9\" height=\"9\"/></svg>");
    }

    /** Characters of one byte. */
    public static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] little16(int... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.stream(numbers).forEach(number -> bytes.putChar((char) number));
        return bytes.array();
    }

    private static byte[] little24(int... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(3 * numbers.length);
        Arrays.stream(numbers)
                .forEach(number ->
                        bytes.put((byte) number).put((byte) (number >> 8)).put((byte) (number >> 16)));
        return bytes.array();
    }

    private static byte[] little32(int number) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
    }
}
