package dev.sluice.gateway.outbound.ai.image;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an image shows, and its shape.
 *
 * @param text in the caller's words, not blank; the caller bounds its length
 * @param aspectRatio of the picture
 */
public record ImagePrompt(String text, AspectRatio aspectRatio) {

    /** @throws IllegalArgumentException without words */
    public ImagePrompt {
        if (text.isBlank()) {
            throw new IllegalArgumentException("prompt: blank (expected: what the picture shows)");
        }
    }

    /**
     * The shape of a picture. {@link #of} makes only those that providers know.
     *
     * @param width in the ratio, not in pixels
     * @param height in the ratio, not in pixels
     */
    public record AspectRatio(int width, int height) {
        private static final Map<String, AspectRatio> KNOWN = new LinkedHashMap<>();

        static {
            List.of(
                            new AspectRatio(1, 1),
                            new AspectRatio(16, 9),
                            new AspectRatio(9, 16),
                            new AspectRatio(4, 3),
                            new AspectRatio(3, 4),
                            new AspectRatio(3, 2),
                            new AspectRatio(2, 3),
                            new AspectRatio(5, 4),
                            new AspectRatio(4, 5),
                            new AspectRatio(21, 9),
                            new AspectRatio(9, 21))
                    .forEach(ratio -> KNOWN.put(ratio.toString(), ratio));
        }

        /** As wide as it is high. */
        public static final AspectRatio SQUARE = new AspectRatio(1, 1);

        /**
         * The ratio that is written so, for example {@code 16:9}.
         *
         * @throws IllegalArgumentException for one that providers do not know, naming those that they do
         */
        public static AspectRatio of(String text) {
            AspectRatio known = KNOWN.get(text);
            if (known == null) {
                throw new IllegalArgumentException(text + " (expected: " + String.join(", ", KNOWN.keySet()) + ")");
            }
            return known;
        }

        /** All that {@link #of} takes, the usual ones first. */
        public static List<String> known() {
            return List.copyOf(KNOWN.keySet());
        }

        @Override
        public String toString() {
            return width + ":" + height;
        }
    }
}
