package dev.sluice.gateway.outbound.wordpress;

import dev.sluice.gateway.outbound.http.ApiKey;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.springframework.util.unit.DataSize;

/**
 * The sites, and the bounds of an upload.
 *
 * @param sites by the names under which callers know them
 * @param userAgent sent as {@code User-Agent}
 * @param connectTimeout for a connection of the pool, then for TCP, then for the TLS handshake
 * @param deadline from the start to the end of one sending, its alternative text included
 * @param maxAnswer largest answer, in bytes of JSON
 * @param connections to each site at one time; four times as many sendings may wait for one
 */
public record WordPressSettings(
        Map<String, Site> sites,
        String userAgent,
        Duration connectTimeout,
        Duration deadline,
        DataSize maxAnswer,
        int connections) {

    /** Takes a copy. */
    public WordPressSettings {
        sites = Map.copyOf(sites);
    }

    /**
     * One WordPress of the operator's.
     *
     * @param baseUrl scheme, host, port and path of its front page, without a slash at the end
     * @param user who uploads
     * @param applicationPassword made for this purpose in that user's profile; never the user's own password
     */
    public record Site(URI baseUrl, String user, ApiKey applicationPassword) {

        /** @throws IllegalArgumentException for a user name that would end in the middle, RFC 7617 section 2 */
        public Site {
            if (user.isBlank() || user.contains(":")) {
                throw new IllegalArgumentException("user: " + user + " (expected: a name without a colon)");
            }
        }

        /** As HTTP's Basic authentication joins them, before they are encoded. */
        ApiKey credentials() {
            return new ApiKey(user + ":" + applicationPassword.value());
        }

        /** Its front page, which says where its API is. */
        URI frontPage() {
            return URI.create(baseUrl + "/");
        }
    }
}
