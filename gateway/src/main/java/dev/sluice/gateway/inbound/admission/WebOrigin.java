package dev.sluice.gateway.inbound.admission;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Origins of the web as browsers write them: scheme, host and port (RFC 6454 section 6.2). */
final class WebOrigin {
    private static final Pattern SERIALIZED = Pattern.compile(
            "(https?)://([A-Za-z0-9\\-._~!$&'()*+,;=%]+|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?",
            Pattern.CASE_INSENSITIVE);

    private WebOrigin() {}

    /**
     * {@code text} in lower case and without the port that its scheme has anyway; null if it is no web page's origin.
     */
    static @Nullable String canonical(String text) {
        Matcher parts = SERIALIZED.matcher(text);
        if (!parts.matches()) {
            return null;
        }
        String scheme = parts.group(1).toLowerCase(Locale.ROOT);
        String host = parts.group(2).toLowerCase(Locale.ROOT);
        String port = parts.group(3);
        boolean usual = port == null || port.equals(scheme.equals("https") ? "443" : "80");
        return scheme + "://" + host + (usual ? "" : ":" + port);
    }

    /** The origin of pages at {@code url}; null if it is no web page's. */
    static @Nullable String of(URI url) {
        // Not getHost(): it knows no underscore, and names of services have them.
        return canonical(url.getScheme() + "://" + url.getRawAuthority());
    }
}
