package dev.sluice.gateway.contract.http;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/** Strong entity tags (RFC 9110 section 8.8.3) that are made of the bytes: equal bytes have equal ones. */
public final class StrongTag {
    private static final int BYTES = 16; // of 32: no two are mistaken for each other

    private StrongTag() {}

    /** SHA-256, to be fed with all bytes. */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // every Java platform has it
        }
    }

    /** The tag of bytes with this SHA-256: its first half, base64url without padding, quoted. */
    public static String of(byte[] sha256) {
        byte[] half = Arrays.copyOf(sha256, BYTES);
        return '"' + Base64.getUrlEncoder().withoutPadding().encodeToString(half) + '"';
    }
}
