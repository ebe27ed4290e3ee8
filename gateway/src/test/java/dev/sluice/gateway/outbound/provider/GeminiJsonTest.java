package dev.sluice.gateway.outbound.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.json.JsonMapper;

class GeminiJsonTest {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    private final GeminiJson json = new GeminiJson(MAPPER, new ApiKey("sk-secret"));

    @Test
    void partsAreOneTextAndThoughtsAreNotPartOfIt() {
        GeminiJson.Chunk chunk = json.chunk(bytes("""
                        {"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"a"},{"inlineData":{}},
                         {"text":"b"}]}}]}"""));

        assertThat(chunk.text()).isEqualTo("ab");
        assertThat(chunk.finishReason()).isNull();
        assertThat(chunk.usage()).isNull();
    }

    @Test
    void usageThatMakesNoSenseIsMadeSense() {
        GeminiJson.Chunk chunk = json.chunk(bytes("""
                        {"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":-1,"thoughtsTokenCount":2,
                         "totalTokenCount":"many"}}"""));

        assertThat(chunk.usage()).isEqualTo(new Usage(3, 2, 5));
    }

    @Test
    void namesAreScrubbedAndBounded() {
        GeminiJson.Chunk chunk =
                json.chunk(bytes("{\"candidates\":[{}],\"modelVersion\":\"a\\nsk-secret" + "b".repeat(200) + "\"}"));

        assertThat(chunk.model()).startsWith("a [key]bbb").hasSizeLessThan(110);
    }

    @Test
    void keyIsFoundInBase64Too() {
        assertThat(json.refusal(400, new HttpHeaders(), bytes("{\"error\":{\"message\":\"c2stc2VjcmV0 sk-secret\"}}")))
                .hasMessageEndingWith("(status 400): [key] [key]");
    }

    @Test
    void errorWithinAnAnswerIsNeverOneToRepeat() {
        assertThatThrownBy(() -> json.chunk(bytes("{\"error\":{\"code\":503,\"message\":\"later\"}}")))
                .isInstanceOfSatisfying(
                        ProviderException.class,
                        failure -> assertThat(failure.failure()).isEqualTo(ProviderFailure.BROKEN_ANSWER));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "7, -, 7",
                "0, 3s, 0",
                "'Sat, 21 Nov 2026 10:00:09 GMT', -, 9",
                "'Sat, 21 Nov 2026 09:00:00 GMT', -, -",
                "soon, 2.5s, 3",
                "-, 12s, 12",
                "-, 0.000000001s, 1",
                "-, -5s, -",
                "-, 5, -",
                "-, -, -"
            })
    void delayComesFromTheHeaderElseFromTheDetails(
            @Nullable String header, @Nullable String details, @Nullable Long seconds) {
        HttpHeaders headers = new HttpHeaders();
        if (header != null) {
            headers.set(HttpHeaders.RETRY_AFTER, header);
        }
        String error = details == null ? "{}" : "{\"details\":[{},{\"retryDelay\":\"" + details + "\"}]}";

        assertThat(RetryDelay.of(headers, MAPPER.readTree(error), NOW))
                .isEqualTo(seconds == null ? null : Duration.ofSeconds(seconds));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
