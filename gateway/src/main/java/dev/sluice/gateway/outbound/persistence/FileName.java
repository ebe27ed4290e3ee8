package dev.sluice.gateway.outbound.persistence;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/** The name that a file has where it comes from. */
public final class FileName {
    /** Characters, as file systems have them; no path has one that is longer. */
    public static final int LONGEST = 255;

    private static final Pattern FOLDERS = Pattern.compile("^.*[/\\\\]", Pattern.DOTALL);
    private static final Pattern UNSEEN = Pattern.compile("[\\p{Cntrl}\\p{Cf}\\s]+");
    private static final Pattern ENDING = Pattern.compile("(?<=.)\\.[A-Za-z0-9]{1,5}$");

    private static final Pattern PATH = Pattern.compile("^[^/?#]*//[^/?#]*([^?#]*)");

    private FileName() {}

    /** The same for a URL, by the last segment of its path. */
    public static @Nullable String titleOfUrl(String url) {
        Matcher path = PATH.matcher(url);
        if (!path.find()) {
            return null;
        }
        String segment = path.group(1).substring(path.group(1).lastIndexOf('/') + 1);
        try {
            return title(UriUtils.decode(segment, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException notEncoded) {
            return title(segment);
        }
    }

    /**
     * What an image is called that nobody has given another name: the file's without folders, ending and what cannot be
     * seen, its first 255 characters; null when nothing is left.
     */
    public static @Nullable String title(@Nullable String fileName) {
        if (fileName == null) {
            return null;
        }
        String name = UNSEEN.matcher(FOLDERS.matcher(fileName).replaceFirst(""))
                .replaceAll(" ")
                .strip();
        String title = ENDING.matcher(name).replaceFirst("").strip();
        if (title.codePointCount(0, title.length()) > LONGEST) {
            title = title.substring(0, title.offsetByCodePoints(0, LONGEST)).strip();
        }
        return title.isEmpty() ? null : title;
    }
}
