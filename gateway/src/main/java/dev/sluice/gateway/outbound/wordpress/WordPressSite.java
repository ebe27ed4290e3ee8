package dev.sluice.gateway.outbound.wordpress;

import dev.sluice.gateway.outbound.http.ApiKey;
import java.net.URI;

/**
 * One WordPress of the operator's.
 *
 * @param baseUrl scheme, host, port and path of its front page, without a slash at the end
 * @param user who uploads
 * @param applicationPassword made for this purpose in that user's profile; never the user's own password
 */
public record WordPressSite(URI baseUrl, String user, ApiKey applicationPassword) {

    /** @throws IllegalArgumentException for a user name that would end in the middle, RFC 7617 section 2 */
    public WordPressSite {
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

    /** Where its API is unless it says otherwise. */
    WordPressApi usualApi() {
        return new WordPressApi(baseUrl + "/wp-json/");
    }
}
