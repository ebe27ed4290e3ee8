package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.StoredText;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The smaller copies of an image.
 *
 * @param progress whether more of them are to come
 * @param placeholder what stands for the picture until it is loaded, at most 255 characters; null if there is none
 * @param stored narrowest first
 */
public record ImageThumbnails(Progress progress, @Nullable String placeholder, List<Stored> stored) {
    /** How long only the request that stores a new image makes its thumbnails; then others may claim them. */
    static final Duration FIRST_LEASE = Duration.ofMinutes(5);

    private static final int LONGEST_PLACEHOLDER = 255;

    /** None, and none to come: of an image that has no object. */
    public static final ImageThumbnails NONE = new ImageThumbnails(Progress.DONE, null, List.of());

    /** None yet: of an image that has just been stored. */
    public static final ImageThumbnails WAITING = new ImageThumbnails(Progress.WAITING, null, List.of());

    public ImageThumbnails {
        StoredText.check("placeholder", placeholder, LONGEST_PLACEHOLDER);
        stored = List.copyOf(stored);
    }

    /** How far they are. */
    public enum Progress {
        /** They are to be made, or made anew; width and height of the image are as good as an earlier measurement. */
        WAITING,
        /** All that the picture is large enough for are there. */
        DONE,
        /** The picture could not be decoded; it is not tried again. */
        IMPOSSIBLE;

        /** As in the JSON of clients. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A row of {@code thumbnails}: a smaller copy of an image.
     *
     * @param key of its object, printable ASCII without a comma, at most 512 characters
     * @param contentType as it was encoded
     * @param size in bytes
     * @param etag of its bytes, quoted
     * @param width in pixels; no two of one image have the same
     * @param height in pixels
     */
    public record Stored(String key, String contentType, long size, String etag, int width, int height) {
        private static final int LONGEST_TYPE = 127;
        private static final int LONGEST_ETAG = 255;
        /** So that several fit into one text: see {@link ImageRows}. */
        private static final Pattern WORD = Pattern.compile("[!-~&&[^,]]+");

        public Stored {
            ImageObject.checkKey(key);
            StoredText.checkNotBlank("contentType", contentType, LONGEST_TYPE);
            StoredText.checkNotBlank("etag", etag, LONGEST_ETAG);
            for (String word : new String[] {key, contentType, etag}) {
                if (!WORD.matcher(word).matches()) {
                    throw new IllegalArgumentException(
                            "thumbnail: " + word + " (expected: printable ASCII without space and comma)");
                }
            }
            if (size < 1 || width < 1 || height < 1) {
                throw new IllegalArgumentException(
                        "size " + size + ", width " + width + ", height " + height + " (expected: 1 or more)");
            }
        }
    }
}
