package dev.sluice.gateway.outbound.wordpress;

import java.net.URI;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the API of one WordPress is. Sites without "pretty permalinks" have it elsewhere, and each of them says where
 * on its front page:
 *
 * <pre>
 *   Link: &lt;https://blog.example/wp-json/&gt;; rel="https://api.w.org/"
 *   Link: &lt;https://blog.example/index.php?rest_route=/&gt;; rel="https://api.w.org/"
 * </pre>
 *
 * @param root in front of a route without its first slash, for example {@code https://blog.example/wp-json/}
 * @see <a href="https://developer.wordpress.org/rest-api/using-the-rest-api/discovery/">WordPress REST API,
 *     discovery</a>
 */
record WordPressApi(String root) {
    private static final Pattern LINK = Pattern.compile("<([^<>]{1,2048})>\\s*;([^<>]*)");
    private static final Pattern REL = Pattern.compile("rel\\s*=\\s*\"?https://api\\.w\\.org/\"?");

    /** Where the API of {@code site} is unless it says otherwise. */
    static WordPressApi usual(WordPressSettings.Site site) {
        return new WordPressApi(site.baseUrl() + "/wp-json/");
    }

    URI media() {
        return URI.create(root + "wp/v2/media");
    }

    URI media(long id) {
        return URI.create(media() + "/" + id);
    }

    /**
     * The API that a front page names, or null. Its path alone is believed: what it is asked with is for the server
     * that the operator named.
     *
     * @param links values of the field {@code Link}
     */
    static @Nullable WordPressApi of(WordPressSettings.Site site, List<String> links) {
        for (String value : links) {
            Matcher link = LINK.matcher(value);
            while (link.find()) {
                if (REL.matcher(link.group(2)).find()) {
                    return at(site, link.group(1));
                }
            }
        }
        return null;
    }

    private static @Nullable WordPressApi at(WordPressSettings.Site site, String target) {
        try {
            URI named = site.frontPage().resolve(target);
            String path = named.getRawPath();
            String query = named.getRawQuery();
            if (path == null || !path.startsWith("/") || !target.endsWith("/")) {
                return null;
            }
            URI base = site.baseUrl();
            return new WordPressApi(
                    base.getScheme() + "://" + base.getRawAuthority() + path + (query == null ? "" : "?" + query));
        } catch (IllegalArgumentException garbage) {
            return null;
        }
    }
}
