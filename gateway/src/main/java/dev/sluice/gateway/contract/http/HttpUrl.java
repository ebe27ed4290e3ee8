package dev.sluice.gateway.contract.http;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/** URLs of services, as an operator configures them: absolute, http or https, with a host. */
public final class HttpUrl {
    private HttpUrl() {}

    /** The URL; null when {@code text} is none with http or https and a host. */
    public static @Nullable URI parse(String text) {
        try {
            URI url = new URI(text);
            boolean isHttp = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            return isHttp && url.getHost() != null ? url : null;
        } catch (URISyntaxException malformed) {
            return null;
        }
    }

    /** Whether a path can be appended to {@code text}: it has no user information, no query and no fragment. */
    public static boolean isBase(String text) {
        URI url = parse(text);
        return url != null && url.getRawUserInfo() == null && url.getRawQuery() == null && url.getRawFragment() == null;
    }

    /** Whether {@code text} is an origin as browsers write it: scheme, host and port alone, and no slash. */
    public static boolean isOrigin(String text) {
        URI url = parse(text);
        String port = url == null || url.getPort() < 0 ? "" : ":" + url.getPort();
        return url != null && text.equals(url.getScheme() + "://" + url.getHost() + port);
    }

    /** Whether {@code text} is scheme, host and port alone; one slash may follow. */
    public static boolean isRoot(String text) {
        URI url = parse(text);
        return url != null && isBase(text) && (url.getRawPath().isEmpty() || "/".equals(url.getRawPath()));
    }
}
