package dev.sluice.gateway.outbound.ai.image;

import java.util.regex.Pattern;

/**
 * An image that a provider generates. Whoever stores both parts can resume it after a restart.
 *
 * @param id the provider's name for it, 1 to 100 letters, digits, {@code -} and {@code _}
 * @param prompt what was asked
 */
public record Prediction(String id, ImagePrompt prompt) {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,100}");

    /** @throws IllegalArgumentException for an id that could not stand in a path */
    public Prediction {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("id: not shown (expected: 1 to 100 letters, digits, - and _)");
        }
    }
}
