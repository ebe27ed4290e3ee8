package dev.sluice.gateway.contract;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.stream.Stream;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The one secret of the operator, of which each purpose derives a key of its own: what was signed for one purpose says
 * nothing for another. HKDF with SHA-256 (RFC 5869). When it is changed, the one before stays known for a while.
 */
public final class SigningSecret {
    private static final int KEY_BYTES = 32;

    private final List<byte[]> secrets;

    /** Secrets of at least 32 bytes: the current one, and the one before it, if there is one. */
    public SigningSecret(byte[] current, byte[]... previous) {
        this.secrets = Stream.concat(Stream.of(current), Stream.of(previous))
                .map(SigningSecret::checked)
                .toList();
    }

    private static byte[] checked(byte[] secret) {
        if (secret.length < KEY_BYTES) {
            throw new IllegalArgumentException(
                    "signing secret: " + secret.length + " bytes (expected: at least " + KEY_BYTES + ")");
        }
        return secret.clone();
    }

    /** The key of one purpose, for example {@code anonymous-cookie}; always the same for the same secrets. */
    public SigningKey keyFor(String purpose) {
        return new SigningKey(
                secrets.stream().map(secret -> derive(secret, purpose)).toList());
    }

    private static SecretKey derive(byte[] secret, String purpose) {
        try {
            HKDFParameterSpec derivation = HKDFParameterSpec.ofExtract()
                    .addIKM(secret)
                    .thenExpand(("sluice " + purpose).getBytes(StandardCharsets.UTF_8), KEY_BYTES);
            return new SecretKeySpec(KDF.getInstance("HKDF-SHA256").deriveData(derivation), SigningKey.ALGORITHM);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public String toString() {
        return "SigningSecret";
    }
}
