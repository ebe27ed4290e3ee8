package dev.sluice.gateway.feature.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.SigningSecret;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingIdsTest {
    private static final byte[] SECRET = new byte[32];
    private static final byte[] NEXT_SECRET = "another secret of 32 bytes, or so".getBytes(StandardCharsets.UTF_8);

    private final TrainingIds ids = new TrainingIds(new SigningSecret(SECRET).keyFor("training"));

    @Test
    void idNamesTheProvidersForItsOwnerAlone() {
        String id = ids.of("764c-abcf", "user:alice");

        assertThat(ids.providerId(id, "user:alice")).hasValue("764c-abcf");
        assertThat(ids.providerId(id, "user:bob")).isEmpty();
    }

    @Test
    void idOutlivesItsSecretByOne() {
        String id = ids.of("764c-abcf", "user:alice");

        assertThat(new TrainingIds(new SigningSecret(NEXT_SECRET, SECRET).keyFor("training"))
                        .providerId(id, "user:alice"))
                .hasValue("764c-abcf");
        assertThat(new TrainingIds(new SigningSecret(NEXT_SECRET).keyFor("training")).providerId(id, "user:alice"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "764c", "764c.", ".764c", "764c.AAAAAAAAAAAAAAAAAAAAAA", "764c.a.b"})
    void whatNobodySignedIsNoId(String id) {
        assertThat(ids.providerId(id, "user:alice")).isEmpty();
    }
}
