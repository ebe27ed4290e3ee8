package dev.sluice.gateway.outbound.database;

import org.jspecify.annotations.Nullable;

/**
 * How an image is, or was, generated.
 *
 * @param prompt at most 4000 characters
 * @param aspectRatio as the caller said it, for example {@code 16:9}
 * @param predictionId the provider's name of its own work; null until it has begun
 */
public record Generation(
        String prompt,
        @Nullable String aspectRatio,
        String provider,
        @Nullable String model,
        @Nullable String predictionId) {
    static final int LONGEST_PROMPT = 4000;
    private static final int LONGEST_RATIO = 32;
    private static final int LONGEST_PROVIDER = 64;
    static final int LONGEST_NAME = 255;

    public Generation {
        Text.checkPresent("prompt", prompt, LONGEST_PROMPT);
        Text.check("aspectRatio", aspectRatio, LONGEST_RATIO);
        Text.checkPresent("provider", provider, LONGEST_PROVIDER);
        Text.check("model", model, LONGEST_NAME);
        Text.check("predictionId", predictionId, LONGEST_NAME);
    }
}
