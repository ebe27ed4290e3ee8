package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.StoredText;
import dev.sluice.gateway.outbound.database.image.Image.Status;
import org.jspecify.annotations.Nullable;

/**
 * What a listing is narrowed to; null means any.
 *
 * @param text contained in the name, the prompt or the alternative text, without regard to case; at most 200 characters
 */
public record ImageFilter(
        @Nullable Status status,
        @Nullable String projectId,
        @Nullable String text) {
    /** All that is in scope. */
    public static final ImageFilter ANY = new ImageFilter(null, null, null);

    private static final int LONGEST_TEXT = 200;
    private static final int LONGEST_PROJECT = 255;

    public ImageFilter {
        StoredText.check("projectId", projectId, LONGEST_PROJECT);
        StoredText.check("text", text, LONGEST_TEXT);
    }
}
