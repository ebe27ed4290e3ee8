package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** A PNG as one wants it, right or wrong. */
final class PngBytes {
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    /** A file that has its header. */
    PngBytes(int width, int height, int depth, int colourType, int interlace) {
        file.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        chunk(
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put(new byte[] {(byte) depth, (byte) colourType, 0, 0, (byte) interlace})
                        .array());
    }

    PngBytes chunk(String type, byte[] content) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(content);
        file.writeBytes(ByteBuffer.allocate(4).putInt(content.length).array());
        file.writeBytes(name);
        file.writeBytes(content);
        file.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
        return this;
    }

    /** The file with these pixels, which are filtered but not packed, in two chunks. */
    byte[] pixels(byte[] filtered) {
        byte[] packed = packed(filtered);
        int half = packed.length / 2;
        chunk("IDAT", Arrays.copyOf(packed, half));
        chunk("IDAT", Arrays.copyOfRange(packed, half, packed.length));
        chunk("IEND", new byte[0]);
        return file.toByteArray();
    }

    /** Content of {@code iCCP}. */
    static byte[] profile(byte[] profile) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes("a name\0\0".getBytes(StandardCharsets.US_ASCII));
        content.writeBytes(packed(profile));
        return content.toByteArray();
    }

    private static byte[] packed(byte[] bytes) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        deflater.setInput(bytes);
        deflater.finish();
        byte[] packed = new byte[bytes.length + bytes.length / 100 + 100];
        int length = deflater.deflate(packed);
        deflater.end();
        return Arrays.copyOf(packed, length);
    }
}
