package dev.sluice.gateway.contract;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The one secret of the operator, of which each purpose derives a key of its own: what was signed for one purpose says
 * nothing for another. HKDF with SHA-256 (RFC 5869).
 */
public final class SigningSecret {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int KEY_BYTES = 32;

    private final byte[] secret;

    /** A secret of at least 32 bytes. */
    public SigningSecret(byte[] secret) {
        if (secret.length < KEY_BYTES) {
            throw new IllegalArgumentException(
                    "signing secret: " + secret.length + " bytes (expected: at least " + KEY_BYTES + ")");
        }
        this.secret = secret.clone();
    }

    /** The key of one purpose, for example {@code anonymous-cookie}; always the same for the same secret. */
    public SecretKey keyFor(String purpose) {
        try {
            HKDFParameterSpec derivation = HKDFParameterSpec.ofExtract()
                    .addIKM(secret)
                    .thenExpand(("sluice " + purpose).getBytes(StandardCharsets.UTF_8), KEY_BYTES);
            return new SecretKeySpec(KDF.getInstance("HKDF-SHA256").deriveData(derivation), ALGORITHM);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** HMAC-SHA-256 of {@code text}. */
    public static byte[] sign(SecretKey key, String text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException | InvalidKeyException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public String toString() {
        return "SigningSecret";
    }
}
