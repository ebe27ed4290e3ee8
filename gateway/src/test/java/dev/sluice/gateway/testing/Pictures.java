package dev.sluice.gateway.testing;

import java.util.HexFormat;

/** Bytes that begin as images do. */
public final class Pictures {
    private static final byte[] PNG_START =
            HexFormat.of().parseHex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489");

    private Pictures() {}

    /** Exactly {@code length} bytes that begin like a PNG; the same for the same length. */
    public static byte[] png(int length) {
        byte[] bytes = new byte[length];
        System.arraycopy(PNG_START, 0, bytes, 0, Math.min(length, PNG_START.length));
        for (int i = PNG_START.length; i < length; i++) {
            bytes[i] = (byte) (i * 31 + length);
        }
        return bytes;
    }
}
