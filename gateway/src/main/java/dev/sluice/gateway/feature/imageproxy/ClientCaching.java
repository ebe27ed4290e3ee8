package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What clients, and the caches between them and the gateway, may do with an image: {@code Cache-Control}, RFC 9111
 * section 5.2.2 and RFC 5861 section 3.
 *
 * <pre>
 *   its origin forbids to store it           no-store
 *   its origin binds its freshness           no longer than that, then must-revalidate or no-cache
 *   asked for by a session or a token        private
 *   asked for by a signature                 public, never used past the signature's end
 * </pre>
 */
final class ClientCaching {
    private final Duration maxAge;
    private final Duration staleWhileRevalidate;
    private final Duration longest;
    private final String directives;

    /**
     * Times where neither an origin nor a signature sets shorter ones.
     *
     * @param staleWhileRevalidate after {@code maxAge}
     */
    ClientCaching(Duration maxAge, Duration staleWhileRevalidate) {
        this.maxAge = maxAge;
        this.staleWhileRevalidate = staleWhileRevalidate;
        this.longest = maxAge.plus(staleWhileRevalidate);
        this.directives = directives(maxAge, staleWhileRevalidate);
    }

    /**
     * The field's value.
     *
     * @param left of the signature that the image was asked for by; null if it was by none
     */
    String of(CachedMeta meta, @Nullable Duration left) {
        if (!meta.mayBeStored()) {
            return "no-store";
        }
        String audience = left == null ? "private, " : "public, ";
        Duration freshFor = meta.freshFor();
        if (freshFor != null) {
            Duration age = shorter(shorter(maxAge, freshFor), left);
            return audience + (age.isPositive() ? directives(age, Duration.ZERO) : "no-cache");
        }
        if (left == null || left.compareTo(longest) >= 0) {
            return audience + directives;
        }
        Duration age = shorter(maxAge, left);
        return audience + directives(age, shorter(staleWhileRevalidate, left.minus(age)));
    }

    private static String directives(Duration age, Duration stale) {
        return "max-age=" + age.toSeconds()
                + (stale.isPositive() ? ", stale-while-revalidate=" + stale.toSeconds() : ", must-revalidate");
    }

    private static Duration shorter(Duration one, @Nullable Duration other) {
        return other == null || one.compareTo(other) <= 0 ? one : other;
    }
}
