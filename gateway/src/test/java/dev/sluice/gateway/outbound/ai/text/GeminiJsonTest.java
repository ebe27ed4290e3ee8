package dev.sluice.gateway.outbound.ai.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.json.JsonMapper;

class GeminiJsonTest {
    private static final JsonMapper MAPPER = new JsonMapper();

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

        assertThat(chunk.usage()).isEqualTo(new TokenUsage(3, 2, 5));
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

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
