package dev.sluice.gateway.outbound.database.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageCursorTest {

    @ParameterizedTest
    @ValueSource(strings = {"1970-01-01T00:00:00Z", "2026-11-21T12:00:00.000001Z", "9999-12-31T23:59:59.999999Z"})
    void cursorIsReadAsItWasWritten(Instant createdAt) {
        ImageCursor cursor = new ImageCursor(createdAt, UUID.randomUUID());

        assertThat(cursor.text()).matches("[A-Za-z0-9_-]{32}");
        assertThat(ImageCursor.parse(cursor.text())).isEqualTo(cursor);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "2",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\u00e4",
            })
    void whatIsNoCursorIsNone(String text) {
        assertThat(ImageCursor.parse(text)).isNull();
    }

    /** The bytes can name times that a database refuses to compare with. */
    @Test
    void timesThatNoImageHasAreNoCursor() {
        long latest = 253_402_300_799_999_999L;

        assertThat(ImageCursor.parse(text(latest))).isNotNull();
        assertThat(ImageCursor.parse(text(latest + 1))).isNull();
        assertThat(ImageCursor.parse(text(Long.MAX_VALUE))).isNull();
        assertThat(ImageCursor.parse(text(-1))).isNull();
    }

    private static String text(long micros) {
        byte[] bytes = ByteBuffer.allocate(24).putLong(micros).array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
