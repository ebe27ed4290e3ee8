package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ApiKey;
import java.net.URI;
import java.time.Duration;
import org.springframework.util.unit.DataSize;

/**
 * Where Gemini is and what a call may take.
 *
 * @param baseUrl scheme, host, port and path in front of the version, without a slash at the end
 * @param apiVersion for example {@code v1}
 * @param model the model's name
 * @param apiKey sent as {@code x-goog-api-key}, nowhere else
 * @param userAgent what this side calls itself
 * @param connectTimeout for a free place among the connections, then for the connection, then for TLS
 * @param longestSilence of a connection that waits for an answer or for its next byte
 * @param idleTimeout between two texts of a streamed answer
 * @param maxAnswer largest answer, in bytes of JSON
 * @param connections open at one time; four times as many calls may wait for one
 */
public record GeminiSettings(
        URI baseUrl,
        String apiVersion,
        String model,
        ApiKey apiKey,
        String userAgent,
        Duration connectTimeout,
        Duration longestSilence,
        Duration idleTimeout,
        DataSize maxAnswer,
        int connections) {

    URI method(Delivery delivery) {
        String method = switch (delivery) {
            case WHOLE -> ":generateContent";
            case STREAMED -> ":streamGenerateContent?alt=sse";
        };
        return URI.create(baseUrl + "/" + apiVersion + "/models/" + model + method);
    }
}
