package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** What one call may cost at most, judged by what is asked. */
class TokenEstimateTest {
    private static final JsonMapper JSON = new JsonMapper();

    /** In a prompt around the text: two names, a role, a name and a number of the settings. */
    private static final int AROUND = 9;

    @ParameterizedTest
    @CsvSource({"a, 1", "Hello, 5", "Grüße, 7", "日本, 6", "😀, 4", "'a\nb', 3"})
    void textIsATokenForEachByte(String text, int bytes) {
        AssistantRequest request = new AssistantRequest(text, null, null, null, null, null);

        assertThat(TokenEstimate.of(request.prompt(100))).isEqualTo(100 + AROUND + bytes);
    }

    @ParameterizedTest
    @CsvSource({"4, 2240", "2984, 2240", "4000, 3000"})
    void pictureIsAsManyTokensAsItsFileHasBytesAndNeverFew(int base64, int tokens) {
        String parts = "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"" + "A".repeat(base64) + "\"}}";

        assertThat(estimate("{\"contents\":[{\"parts\":[" + parts + "]}]}")).isEqualTo(100 + 2 + 1 + tokens);
        assertThat(estimate("{\"contents\":[{\"parts\":[" + parts + "," + parts + "]}]}"))
                .isEqualTo(100 + 2 + 1 + 2 * tokens);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "99, 99", "100, 100", "1000000, 100"})
    void answerIsAsLongAsIsAskedForAndAllowed(int asked, int tokens) {
        assertThat(estimate("{\"message\":\"a\",\"generationConfig\":{\"maxOutputTokens\":" + asked + "}}"))
                .isEqualTo(tokens + AROUND + 1);
    }

    @ParameterizedTest
    @CsvSource({"systemInstruction", "generationConfig"})
    void whatElseIsSentCountsToo(String member) {
        String value = member.equals("systemInstruction")
                ? "{\"parts\":[{\"text\":\"TEXT\"}]}"
                : "{\"responseSchema\":{\"description\":\"TEXT\"}}";
        String request = "{\"message\":\"a\",\"" + member + "\":" + value + "}";

        assertThat(estimate(request.replace("TEXT", "a".repeat(500))) - estimate(request.replace("TEXT", "")))
                .isEqualTo(500);
    }

    @Test
    void longNameInASchemaIsATokenForEachByte() {
        String request = "{\"message\":\"a\",\"generationConfig\":{\"responseSchema\":{\"properties\":{\"NAME\":{}}}}}";

        assertThat(estimate(request.replace("NAME", "a".repeat(500))) - estimate(request.replace("NAME", "a")))
                .isEqualTo(499);
    }

    private static long estimate(String request) {
        return TokenEstimate.of(JSON.readValue(request, AssistantRequest.class).prompt(100));
    }
}
