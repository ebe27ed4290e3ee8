package dev.sluice.gateway.contract;

import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Signs texts of one purpose with the operator's current secret, and knows the signatures of the previous one too, so
 * that a secret can be changed while what it signed is still about. HMAC-SHA-256. Thread-safe.
 */
public final class SigningKey {
    static final String ALGORITHM = "HmacSHA256";
    private static final int SIGNATURE_BYTES = 16;

    /** Of the current secret first. Never used themselves: to copy one costs less than to make one. */
    private final List<Mac> prepared;

    SigningKey(List<SecretKey> keys) {
        this.prepared = keys.stream().map(SigningKey::prepare).toList();
    }

    /** The whole HMAC of {@code text} by the current secret, 32 bytes. */
    public byte[] mac(String text) {
        return mac(prepared.getFirst(), text);
    }

    /** A signature of {@code text} as it is put into URLs and cookies: 128 bits, base64url, 22 characters. */
    public String sign(String text) {
        return signature(prepared.getFirst(), text);
    }

    /** Whether {@code signature} is one of {@code text}. How long that takes says nothing about how much of it fits. */
    public boolean verifies(String text, String signature) {
        byte[] given = signature.getBytes(StandardCharsets.UTF_8);
        boolean known = false;
        for (Mac key : prepared) {
            known |= MessageDigest.isEqual(signature(key, text).getBytes(StandardCharsets.US_ASCII), given);
        }
        return known;
    }

    private static String signature(Mac key, String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(mac(key, text), SIGNATURE_BYTES));
    }

    private static byte[] mac(Mac key, String text) {
        try {
            return ((Mac) key.clone()).doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (CloneNotSupportedException impossible) {
            throw new IllegalStateException(impossible); // the platform's own HMAC can
        }
    }

    private static Mac prepare(SecretKey key) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
