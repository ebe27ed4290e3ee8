package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.SigningKey;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.function.server.ServerRequest;

/**
 * URLs that show one image to anybody until they expire, for pages of other sites, whose {@code <img>} brings no
 * cookie. The signature covers the image's URL and the end: {@code ?url=…&exp=<Unix seconds>&sig=…}.
 *
 * <p>Ends are rounded up to a full hour: whoever asks twice within it gets the same URL, and a browser's cache is of
 * use.
 */
final class SignedUrls {
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,12}");
    private static final long STEP = Duration.ofHours(1).toSeconds();

    private final String path;
    private final SigningKey key;
    private final Duration ttl;
    private final Clock clock;

    /** URLs of {@code path} that last for {@code ttl} at least. */
    SignedUrls(String path, SigningKey key, Duration ttl, Clock clock) {
        this.path = path;
        this.key = key;
        this.ttl = ttl;
        this.clock = clock;
    }

    /**
     * A URL that needs no session.
     *
     * @param url the image's
     * @param proxyUrl where to get it, relative to this gateway
     * @param expiresAt until when
     */
    record SignedUrl(String url, String proxyUrl, Instant expiresAt) {}

    /** A URL for the image at {@code url}. */
    SignedUrl sign(String url) {
        long wanted = clock.instant().plus(ttl).getEpochSecond();
        long expires = Math.ceilDiv(wanted, STEP) * STEP;
        String query = "?url=" + URLEncoder.encode(url, StandardCharsets.UTF_8) + "&exp=" + expires + "&sig="
                + key.sign(text(url, Long.toString(expires)));
        return new SignedUrl(url, path + query, Instant.ofEpochSecond(expires));
    }

    /**
     * Whether a request brings a signature that admits it; false when it brings none.
     *
     * @throws GatewayException {@code unauthenticated} for one that is not valid or not valid any more
     */
    boolean admits(ServerRequest request) {
        @Nullable String signature = request.queryParam("sig").orElse(null);
        if (signature == null) {
            return false;
        }
        String url = request.queryParam("url").orElse("");
        String expires = request.queryParam("exp").orElse("");
        if (!SECONDS.matcher(expires).matches() || !key.verifies(text(url, expires), signature)) {
            throw GatewayException.badMember(
                    ProblemCode.UNAUTHENTICATED, "sig", signature, "this gateway's signature of url and exp");
        }
        if (clock.instant().getEpochSecond() >= Long.parseLong(expires)) {
            throw GatewayException.badMember(
                    ProblemCode.UNAUTHENTICATED, "exp", expires, "a time to come; the URL has expired");
        }
        return true;
    }

    /** No URL has a line feed in it, so no two pairs are one text. */
    private static String text(String url, String expires) {
        return expires + "\n" + url;
    }
}
