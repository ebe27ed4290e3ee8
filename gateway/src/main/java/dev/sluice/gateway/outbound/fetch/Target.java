package dev.sluice.gateway.outbound.fetch;

import java.net.URI;

/**
 * A URL that {@link OriginUrls} has let through, in its canonical spelling.
 *
 * @param uri absolute, host in ASCII and lower case, no user information, no fragment, no default port
 * @param host as {@code uri} has it, without brackets
 * @param port never absent
 */
record Target(URI uri, String host, int port) {

    /** The unit that connections, breakers and bulkheads belong to. */
    String origin() {
        return uri.getScheme() + "://" + host + ":" + port;
    }

    boolean isSecure() {
        return "https".equals(uri.getScheme());
    }
}
