package dev.sluice.gateway.outbound.fetch;

import java.net.URI;

/**
 * A URL that {@link UrlGuard} has let through, in its canonical spelling.
 *
 * @param uri absolute, host in ASCII and lower case, no user information, no fragment, no default port
 * @param origin {@code host:port}, the unit that connections, breakers and bulkheads belong to
 */
record Target(URI uri, String origin) {

    boolean isSecure() {
        return "https".equals(uri.getScheme());
    }
}
