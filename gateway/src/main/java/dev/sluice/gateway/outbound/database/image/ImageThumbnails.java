package dev.sluice.gateway.outbound.database;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The smaller copies of an image.
 *
 * @param progress whether more of them are to come
 * @param placeholder what stands for the picture until it is loaded, at most 255 characters; null if there is none
 * @param stored narrowest first
 */
public record ImageThumbnails(Progress progress, @Nullable String placeholder, List<StoredThumbnail> stored) {
    private static final int LONGEST_PLACEHOLDER = 255;

    /** None, and none to come: of an image that has no object. */
    public static final ImageThumbnails NONE = new ImageThumbnails(Progress.DONE, null, List.of());

    /** None yet: of an image that has just been stored. */
    public static final ImageThumbnails WAITING = new ImageThumbnails(Progress.WAITING, null, List.of());

    public ImageThumbnails {
        Text.check("placeholder", placeholder, LONGEST_PLACEHOLDER);
        stored = List.copyOf(stored);
    }

    /** How far they are. */
    public enum Progress {
        /** They are to be made, or made anew; width and height of the image are as good as an earlier measurement. */
        WAITING,
        /** All that the picture is large enough for are there. */
        DONE,
        /** The picture could not be decoded; nobody will try again. */
        IMPOSSIBLE;

        /** As clients are told it. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
