package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectKeyTest {
    private static final UUID ID = UUID.fromString("6f1c7c0e-1111-4222-8333-0123456789ab");
    /** Already the next day east of Greenwich. */
    private static final Instant EVENING = Instant.parse("2026-11-21T23:59:59Z");

    @ParameterizedTest
    @ValueSource(strings = {"a", "images/2026/11/21/x.png", "...", "a/.b", "A-Z_0.9", "a..b/c"})
    void decentKeyIsTaken(String value) {
        assertThat(new ObjectKey(value)).hasToString(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/a",
                "a/",
                "a//b",
                ".",
                "..",
                "../a",
                "a/../b",
                "a/..",
                "a/./b",
                "a b",
                "a@",
                "a\\b",
                "a\0b",
                "ä",
                "a\n",
                "a:b",
                "%2e%2e/a",
                "a?b",
                "a*"
            })
    void otherKeyIsRefusedAndNamed(String value) {
        assertThat(ObjectKey.isValid(value)).isFalse();
        assertThatThrownBy(() -> new ObjectKey(value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("key: " + value + " (expected: ");
    }

    @Test
    void keyIsBounded() {
        assertThat(ObjectKey.isValid("abcdefg/".repeat(63) + "12345678")).isTrue();
        assertThat(ObjectKey.isValid("abcdefg/".repeat(63) + "123456789")).isFalse();
        assertThat(ObjectKey.isValid("a".repeat(250))).isTrue();
        assertThat(ObjectKey.isValid("a".repeat(251))).isFalse();
    }

    @Test
    void imageKeyIsByDayInUtc() {
        assertThat(ObjectKey.image(null, EVENING, ID, "png").value())
                .isEqualTo("images/2026/11/21/6f1c7c0e-1111-4222-8333-0123456789ab.png");
    }

    @Test
    void uploadKeyIsNoImagesKey() {
        assertThat(ObjectKey.upload("bob", EVENING, ID, "png").value())
                .isEqualTo(
                        ObjectKey.tenantPrefix("bob") + "uploads/2026/11/21/6f1c7c0e-1111-4222-8333-0123456789ab.png");
    }

    @Test
    void thumbnailKeyIsBesideItsImages() {
        UUID copy = UUID.fromString("00000000-0000-4000-8000-000000000001");

        assertThat(ObjectKey.thumbnail(ObjectKey.image("bob", EVENING, ID, "png"), 320, copy, "webp")
                        .value())
                .isEqualTo(ObjectKey.tenantPrefix("bob") + "images/2026/11/21/6f1c7c0e-1111-4222-8333-0123456789ab"
                        + ".320.00000000-0000-4000-8000-000000000001.webp");
        assertThat(ObjectKey.thumbnail(new ObjectKey("a.b/c"), 160, copy, "jpg").value())
                .isEqualTo("a.b/c.160.00000000-0000-4000-8000-000000000001.jpg");
    }

    @Test
    void tenantIsHashed() {
        String prefix = ObjectKey.tenantPrefix("../bob@example.com");

        assertThat(prefix).matches("t/[0-9a-f]{32}/").isNotEqualTo(ObjectKey.tenantPrefix("../Bob@example.com"));
        assertThat(ObjectKey.image("../bob@example.com", EVENING, ID, "png").value())
                .isEqualTo(prefix + "images/2026/11/21/6f1c7c0e-1111-4222-8333-0123456789ab.png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".png", "p/g", "PNG", "a.b", "ninechars"})
    void otherExtensionIsRefused(String extension) {
        assertThatThrownBy(() -> ObjectKey.image(null, EVENING, ID, extension))
                .hasMessageStartingWith("extension: " + extension + " (expected: ");
    }
}
