package dev.sluice.gateway.feature.uploads;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The name that a file has where it comes from. */
final class FileName {
    /** Characters, as file systems have them; no path has one that is longer. */
    static final int LONGEST = 255;

    private static final Pattern FOLDERS = Pattern.compile("^.*[/\\\\]", Pattern.DOTALL);
    private static final Pattern UNSEEN = Pattern.compile("[\\p{Cntrl}\\p{Cf}\\s]+");
    private static final Pattern ENDING = Pattern.compile("(?<=.)\\.[A-Za-z0-9]{1,5}$");

    private FileName() {}

    /**
     * What describes an image of which nobody has said more: the name without folders, ending and what cannot be seen;
     * null when nothing is left.
     */
    static @Nullable String description(@Nullable String fileName) {
        if (fileName == null) {
            return null;
        }
        String name = UNSEEN.matcher(FOLDERS.matcher(fileName).replaceFirst(""))
                .replaceAll(" ")
                .strip();
        String described = ENDING.matcher(name).replaceFirst("").strip();
        return described.isEmpty() ? null : described;
    }
}
