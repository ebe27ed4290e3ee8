package dev.sluice.gateway.feature.imageproxy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.SigningKey;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import org.springframework.web.reactive.function.server.ServerRequest;

/**
 * URLs that show one image to anybody until they expire, for pages of other sites, whose {@code <img>} brings no
 * cookie. The signature covers the image's URL, its width if there is one, and the end: {@code ?url=…&w=…&exp=<Unix
 * seconds>&sig=…}. It admits neither another width nor the original of one.
 *
 * <p>A preview has {@code for=page} beside them, which the signature covers too: it is for pages of this gateway alone.
 *
 * <p>Ends are rounded up to a full hour: whoever asks twice within it gets the same URL, and a browser's cache is of
 * use.
 */
final class SignedUrls {
    private static final int MOST_DIGITS = 12;
    private static final long MOST_CHARACTERS = 4_000_000;
    private static final String LEFT = SignedUrls.class.getName() + ".left";
    private static final long STEP = Duration.ofHours(1).toSeconds();
    private static final String FOR = "for";
    private static final String PAGE = "page";
    /** As long as somebody looks at one page. */
    private static final Duration PREVIEW_TTL = Duration.ofMinutes(10);

    private final String path;
    private final SigningKey key;
    private final Duration ttl;
    private final Clock clock;

    /** When what was signed ends, by the query that says it: one that was valid once is so until its end. */
    private final Cache<String, Instant> valid = Caffeine.newBuilder()
            .maximumWeight(MOST_CHARACTERS)
            .weigher((String query, Instant end) -> query.length())
            .executor(Runnable::run)
            .build();

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
     * @param widths where to get it smaller, until then; null if nobody asked for that
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record SignedUrl(
            String url,
            String proxyUrl,
            Instant expiresAt,
            @Nullable List<SignedWidth> widths) {}

    /**
     * A URL of one width.
     *
     * @param width in pixels
     * @param proxyUrl where to get it, relative to this gateway
     */
    record SignedWidth(int width, String proxyUrl) {}

    /**
     * Small pictures of an image for pages of this gateway.
     *
     * @param url the image's
     * @param expiresAt until when
     * @param widths where to get them
     */
    record Preview(String url, Instant expiresAt, List<SignedWidth> widths) {}

    /**
     * A URL for the image at {@code url}.
     *
     * @param widths for each of which it has another one; null for none
     */
    SignedUrl sign(String url, @Nullable List<Integer> widths) {
        long expires = end(ttl);
        List<SignedWidth> smaller = widths == null
                ? null
                : widths.stream()
                        .map(width -> new SignedWidth(width, proxyUrl(url, width.toString(), null, expires)))
                        .toList();
        return new SignedUrl(url, proxyUrl(url, null, null, expires), Instant.ofEpochSecond(expires), smaller);
    }

    /** URLs of the image at {@code url} in these widths alone, which pages of other sites cannot show. */
    Preview preview(String url, List<Integer> widths) {
        long expires = end(PREVIEW_TTL);
        return new Preview(
                url,
                Instant.ofEpochSecond(expires),
                widths.stream()
                        .map(width -> new SignedWidth(width, proxyUrl(url, width.toString(), PAGE, expires)))
                        .toList());
    }

    private long end(Duration atLeast) {
        return Math.ceilDiv(clock.instant().plus(atLeast).getEpochSecond(), STEP) * STEP;
    }

    private String proxyUrl(String url, @Nullable String width, @Nullable String audience, long expires) {
        return path + "?url=" + URLEncoder.encode(url, StandardCharsets.UTF_8)
                + (width == null ? "" : "&w=" + width)
                + (audience == null ? "" : "&" + FOR + "=" + audience)
                + "&exp=" + expires + "&sig=" + key.sign(text(url, width, audience, Long.toString(expires)));
    }

    /** Whether a request with these parameters and a valid signature may be answered to pages of other sites. */
    static boolean areForOtherSites(MultiValueMap<String, String> parameters) {
        return !parameters.containsKey(FOR);
    }

    /**
     * Whether a request brings a signature that admits it; false when it brings none.
     *
     * @throws GatewayException {@code unauthenticated} for one that is not valid or not valid any more
     */
    boolean admits(ServerRequest request) {
        Duration left = verify(request);
        if (left == null) {
            return false;
        }
        request.attributes().put(LEFT, left);
        return true;
    }

    /** How much longer a request's signature is valid; null if it has none, or one that is not valid. */
    @Nullable Duration left(ServerRequest request) {
        if (request.attributes().get(LEFT) instanceof Duration left) {
            return left;
        }
        try {
            return verify(request); // a signed-in caller needs none, so nobody has looked at it
        } catch (GatewayException invalid) {
            return null;
        }
    }

    private @Nullable Duration verify(ServerRequest request) {
        @Nullable String query = request.exchange().getRequest().getURI().getRawQuery();
        if (query == null) {
            return null;
        }
        Instant end = valid.getIfPresent(query);
        if (end == null) {
            end = signedUntil(request);
            if (end == null) {
                return null;
            }
            valid.put(query, end);
        }
        Duration left = Duration.between(clock.instant(), end);
        if (!left.isPositive()) {
            throw GatewayException.badMember(
                    ProblemCode.UNAUTHENTICATED,
                    "exp",
                    Long.toString(end.getEpochSecond()),
                    "a time in the future; this URL has expired");
        }
        return left;
    }

    private @Nullable Instant signedUntil(ServerRequest request) {
        @Nullable String signature = request.queryParam("sig").orElse(null);
        if (signature == null) {
            return null;
        }
        String url = request.queryParam("url").orElse("");
        @Nullable String width = request.queryParam("w").orElse(null);
        @Nullable String audience = request.queryParam(FOR).orElse(null);
        String expires = request.queryParam("exp").orElse("");
        if (!isSeconds(expires)
                || !(audience == null || audience.equals(PAGE))
                || !key.verifies(text(url, width, audience, expires), signature)) {
            throw GatewayException.badMember(
                    ProblemCode.UNAUTHENTICATED, "sig", signature, "this gateway's signature of url, w, for and exp");
        }
        return Instant.ofEpochSecond(Long.parseLong(expires));
    }

    private static boolean isSeconds(String text) {
        return !text.isEmpty()
                && text.length() <= MOST_DIGITS
                && text.chars().allMatch(digit -> digit >= '0' && digit <= '9');
    }

    /**
     * Neither a width nor an end has a line feed in it, no end begins with a letter, and there is one audience: no two
     * are one text.
     */
    private static String text(String url, @Nullable String width, @Nullable String audience, String expires) {
        return (audience == null ? "" : FOR + "=" + audience + "\n") + (width == null ? "" : "w=" + width + "\n")
                + expires + "\n" + url;
    }
}
