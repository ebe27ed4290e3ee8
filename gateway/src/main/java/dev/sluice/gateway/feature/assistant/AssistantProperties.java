package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.contract.http.HttpUrl;
import dev.sluice.gateway.outbound.ai.text.TextModels;
import dev.sluice.gateway.outbound.http.ApiKey;
import java.time.Duration;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.assistant.*}. The key is first so that a report of another value's fault, which names the property read
 * last, cannot be about the key; the echo is last for the same reason.
 *
 * @param apiKey the provider's key; without one the route answers {@code provider_not_configured}
 * @param baseUrl URL of the provider; empty means Gemini's own
 * @param apiVersion version of the provider's API; empty means {@code v1beta} for a model that is called
 *     {@code -latest}, which no other version knows, and else {@code v1}
 * @param model model that answers; empty means {@code gemini-flash-latest}
 * @param maxBody largest request body, 1 KB to 1 MB
 * @param maxOutputTokens most tokens one answer may cost, thoughts included; callers may ask for less, not for more
 * @param deadline time for one request, both tries included, 100 ms to 5 min
 * @param tryTimeout time for the first try, to the first byte of its answer, before a second one is made, at most the
 *     deadline; a try that no other can follow may take all of the deadline
 * @param retryPause pause before the second try, 0 to 10 s
 * @param idleTimeout longest silence between two texts of a streamed answer, 100 ms to 5 min
 * @param connectTimeout time to wait for a free connection, and again for connecting, 100 ms to 1 min
 * @param maxAnswer largest answer of the provider, in bytes of JSON, 1 KB to 64 MB
 * @param connections connections to the provider at one time, 1 to 10,000
 * @param provider who is asked: {@code gemini}, or {@code echo}, which answers with the message itself
 */
@ConfigurationProperties("sluice.assistant")
record AssistantProperties(
        @DefaultValue("") ApiKey apiKey,
        @DefaultValue("") String baseUrl,
        @DefaultValue("") String apiVersion,
        @DefaultValue("") String model,
        @DefaultValue("50KB") DataSize maxBody,
        @DefaultValue("8192") int maxOutputTokens,
        @DefaultValue("30s") Duration deadline,
        @DefaultValue("14s") Duration tryTimeout,
        @DefaultValue("300ms") Duration retryPause,
        @DefaultValue("10s") Duration idleTimeout,
        @DefaultValue("3s") Duration connectTimeout,
        @DefaultValue("2MB") DataSize maxAnswer,
        @DefaultValue("64") int connections,
        @DefaultValue("gemini") Provider provider) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.assistant.");

    private static final String GEMINI = "https://generativelanguage.googleapis.com";
    private static final String MODEL = "gemini-flash-latest";
    private static final Pattern MODEL_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
    private static final Pattern VERSION = Pattern.compile("v[0-9]{1,3}((alpha|beta)[0-9]{0,3})?");
    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** Who is asked. */
    enum Provider {
        /** Google's Gemini, or what speaks like it. */
        GEMINI,
        /** Nobody: the answer is the prompt. For development; refused in {@code prod}. */
        ECHO
    }

    AssistantProperties {
        baseUrl = baseUrl.isBlank() ? GEMINI : baseUrl.strip().replaceFirst("/+$", "");
        model = model.isBlank() ? MODEL : model.strip();
        apiVersion = apiVersion.isBlank() ? (model.endsWith("-latest") ? "v1beta" : "v1") : apiVersion.strip();
        if (!apiKey.fitsHeader()) {
            throw CHECK.bad("api-key", apiKey, "visible ASCII characters");
        }
        if (!HttpUrl.isBase(baseUrl)) {
            throw CHECK.bad("base-url", baseUrl, "an http or https URL without user, query and fragment");
        }
        if (!VERSION.matcher(apiVersion).matches()) {
            throw CHECK.bad("api-version", apiVersion, "v1, v1beta or the like");
        }
        if (!MODEL_NAME.matcher(model).matches()) {
            throw CHECK.bad("model", model, "a name such as " + MODEL);
        }
        CHECK.between("max-body", maxBody, DataSize.ofKilobytes(1), DataSize.ofMegabytes(1));
        CHECK.between("max-output-tokens", maxOutputTokens, 1, 1_000_000);
        CHECK.between("deadline", deadline, SHORTEST, LONGEST);
        CHECK.between("try-timeout", tryTimeout, SHORTEST, deadline);
        CHECK.between("retry-pause", retryPause, Duration.ZERO, Duration.ofSeconds(10));
        CHECK.between("idle-timeout", idleTimeout, SHORTEST, LONGEST);
        CHECK.between("connect-timeout", connectTimeout, SHORTEST, Duration.ofMinutes(1));
        CHECK.between("max-answer", maxAnswer, DataSize.ofKilobytes(1), DataSize.ofMegabytes(64));
        CHECK.between("connections", connections, 1, 10_000);
    }

    /** How long one call is waited for. */
    TextModels.TryPolicy patience() {
        return new TextModels.TryPolicy(tryTimeout, retryPause);
    }

    /** Of a connection to the provider. */
    Duration longestSilence() {
        return deadline.compareTo(idleTimeout) > 0 ? deadline : idleTimeout;
    }
}
