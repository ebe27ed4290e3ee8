package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** WebP files of noise, which libwebp cannot hold in less than 4 bytes a pixel (RFC 9649, section 3). */
final class WebpBytes {
    private static final int HEAD = 12;
    private static final int CHUNK_HEAD = 8;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long bits;
    private int count;

    private WebpBytes() {}

    /** Noise in green; nothing is transparent. */
    static byte[] lossless(int width, int height) {
        return file("VP8L", stream(width, height));
    }

    /** The same with zeros behind it, up to so many bytes of coded pixels. */
    static byte[] lossless(int width, int height, int length) {
        return file("VP8L", Arrays.copyOf(stream(width, height), length));
    }

    private static byte[] stream(int width, int height) {
        WebpBytes stream = new WebpBytes();
        stream.put(0x2f, 8);
        stream.put(width - 1, 14);
        stream.put(height - 1, 14);
        stream.put(0, 4); // no alpha, version 0
        return stream.noise(width * height);
    }

    /** A lossy file's picture with noise in its alpha. */
    static byte[] withAlpha(byte[] lossy, int width, int height) {
        byte[] noise = new WebpBytes().noise(width * height);
        byte[] alpha = new byte[1 + noise.length];
        alpha[0] = 1; // coded as a lossless picture is, its green is alpha
        System.arraycopy(noise, 0, alpha, 1, noise.length);
        byte[] extended = ByteBuffer.allocate(10)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x10)
                .put((byte) (width - 1))
                .putShort((short) ((width - 1) >> 8))
                .putShort((short) (height - 1))
                .put((byte) ((height - 1) >> 16))
                .array();
        byte[] picture = Arrays.copyOfRange(lossy, HEAD, lossy.length);
        return file(join(join(chunk("VP8X", extended), chunk("ALPH", alpha)), picture));
    }

    /** No transform, no cache, one group of codes: eight bits for each green, none for what is always the same. */
    private byte[] noise(int pixels) {
        put(0, 3);
        put(0, 1); // of the codes' lengths, 8 and 0 have a bit each
        put(12 - 4, 4);
        for (int symbol = 0; symbol < 12; symbol++) {
            put(symbol == 2 || symbol == 11 ? 1 : 0, 3);
        }
        put(0, 1);
        for (int symbol = 0; symbol < 256 + 24; symbol++) {
            put(symbol < 256 ? 1 : 0, 1);
        }
        one(0);
        one(0);
        one(255);
        one(0);
        byte[] head = end();
        byte[] noise = new byte[pixels];
        new Random(pixels).nextBytes(noise);
        return join(head, noise);
    }

    private void one(int symbol) {
        put(1 | 4, 3);
        put(symbol, 8);
    }

    private void put(int value, int width) {
        bits |= (long) value << count;
        count += width;
        while (count >= 8) {
            bytes.write((int) bits);
            bits >>>= 8;
            count -= 8;
        }
    }

    /** What is left of a byte belongs to the first pixel, and the last one has a byte more than it needs. */
    private byte[] end() {
        bytes.write((int) bits);
        return bytes.toByteArray();
    }

    private static byte[] file(String type, byte[] content) {
        return file(chunk(type, content));
    }

    private static byte[] file(byte[] chunks) {
        byte[] head = ByteBuffer.allocate(HEAD)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(4 + chunks.length)
                .put("WEBP".getBytes(StandardCharsets.US_ASCII))
                .array();
        return join(head, chunks);
    }

    private static byte[] chunk(String type, byte[] content) {
        return ByteBuffer.allocate(CHUNK_HEAD + content.length + content.length % 2)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(type.getBytes(StandardCharsets.US_ASCII))
                .putInt(content.length)
                .put(content)
                .array();
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
