package dev.sluice.gateway.outbound.link;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * A content stored behind a link.
 *
 * @param token 192 random bits in 32 characters, so that it cannot be guessed
 */
public record Link<T>(String token, T content, Instant expiresAt) {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TOKEN_BYTES = 24;
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]{32}");

    /** A link with a new token. */
    static <T> Link<T> create(T content, Instant expiresAt) {
        byte[] bytes = new byte[TOKEN_BYTES];
        RANDOM.nextBytes(bytes);
        return new Link<>(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes), content, expiresAt);
    }

    /** Whether {@code text} could be a token at all. */
    static boolean isToken(String text) {
        return TOKEN.matcher(text).matches();
    }
}
