package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the URLs that callers name, and says what is wrong with the others. */
final class ProxyUrls {
    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):.*", Pattern.DOTALL);
    private static final String EXPECTED = "an absolute http or https URL";

    private final OriginUrls origins;

    ProxyUrls(OriginUrls origins) {
        this.origins = origins;
    }

    /**
     * The canonical spelling of {@code url}.
     *
     * @param member where it stands in the request
     * @throws GatewayException {@code invalid_url} or {@code unsupported_scheme}
     * @throws FetchException {@link FetchFailure#BLOCKED_ADDRESS}
     */
    String canonical(String member, @Nullable String url) {
        if (url == null || url.isBlank()) {
            throw GatewayException.badMember(
                    ProblemCode.INVALID_URL, member, url == null ? "none" : "an empty text", EXPECTED);
        }
        Matcher scheme = SCHEME.matcher(url);
        if (scheme.matches() && !isHttp(scheme.group(1))) {
            throw GatewayException.badMember(ProblemCode.UNSUPPORTED_SCHEME, member, url, EXPECTED);
        }
        try {
            return origins.canonical(url, UrlPolicy.PUBLIC_WEB);
        } catch (FetchException refused) {
            if (refused.failure() != FetchFailure.INVALID_URL) {
                throw refused;
            }
            throw GatewayException.badMember(
                    ProblemCode.INVALID_URL, member, url, EXPECTED + ". " + refused.getMessage());
        }
    }

    private static boolean isHttp(String scheme) {
        String lower = scheme.toLowerCase(Locale.ROOT);
        return lower.equals("http") || lower.equals("https");
    }
}
