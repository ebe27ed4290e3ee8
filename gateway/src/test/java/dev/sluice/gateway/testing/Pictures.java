package dev.sluice.gateway.testing;

import java.util.HexFormat;
import java.util.Random;

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

    /** As {@link #png(int)}, with bytes behind the head that only this seed has. */
    public static byte[] noise(int seed, int length) {
        byte[] bytes = png(length);
        byte[] noise = new byte[length - 100];
        new Random(seed).nextBytes(noise);
        System.arraycopy(noise, 0, bytes, 100, noise.length);
        return bytes;
    }
}
