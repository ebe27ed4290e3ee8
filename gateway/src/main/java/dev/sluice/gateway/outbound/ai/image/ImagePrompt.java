package dev.sluice.gateway.outbound.ai.image;

/**
 * What picture is wanted.
 *
 * @param text in the asker's words, not blank; its length is for the caller to bound
 * @param aspectRatio of the picture
 */
public record ImagePrompt(String text, AspectRatio aspectRatio) {

    /** @throws IllegalArgumentException without words */
    public ImagePrompt {
        if (text.isBlank()) {
            throw new IllegalArgumentException("prompt: blank (expected: what the picture shows)");
        }
    }
}
