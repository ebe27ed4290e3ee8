package dev.sluice.gateway.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SigningKeyTest {
    private static final byte[] OLD = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.UTF_8);
    private static final byte[] NEW = "fedcba9876543210fedcba9876543210".getBytes(StandardCharsets.UTF_8);

    @Test
    void signatureIsKnownAgainAndNoOtherTextsIs() {
        SigningKey key = new SigningSecret(NEW).keyFor("urls");
        String signature = key.sign("text");

        assertThat(signature).matches("[A-Za-z0-9_-]{22}");
        assertThat(key.verifies("text", signature)).isTrue();
        assertThat(key.verifies("texT", signature)).isFalse();
        assertThat(key.verifies("text", signature.substring(1))).isFalse();
        assertThat(key.verifies("text", "")).isFalse();
        assertThat(key.verifies("text", "\u00e9")).isFalse();
    }

    @Test
    void eachPurposeHasAKeyOfItsOwn() {
        SigningSecret secret = new SigningSecret(NEW);

        assertThat(secret.keyFor("cookies")
                        .verifies("text", secret.keyFor("urls").sign("text")))
                .isFalse();
    }

    @Test
    void whatThePreviousSecretSignedIsKnownWhileItIsConfigured() {
        String signature = new SigningSecret(OLD).keyFor("urls").sign("text");
        SigningKey rotated = new SigningSecret(NEW, OLD).keyFor("urls");

        assertThat(rotated.verifies("text", signature)).isTrue();
        assertThat(new SigningSecret(NEW).keyFor("urls").verifies("text", signature))
                .isFalse();
        assertThat(rotated.sign("text"))
                .isEqualTo(new SigningSecret(NEW).keyFor("urls").sign("text"));
    }

    @Test
    void shortSecretIsRefusedAlsoAsThePreviousOne() {
        byte[] tooShort = new byte[31];

        assertThatThrownBy(() -> new SigningSecret(tooShort)).hasMessageContaining("31 bytes (expected: at least 32)");
        assertThatThrownBy(() -> new SigningSecret(NEW, tooShort)).hasMessageContaining("31 bytes");
    }
}
