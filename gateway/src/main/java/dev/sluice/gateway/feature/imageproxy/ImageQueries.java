package dev.sluice.gateway.feature.imageproxy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.fetch.FetchException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import org.springframework.web.reactive.function.server.ServerRequest;

/**
 * Reads which image a query asks for. A page's images are asked for again and again, so what a query said once is
 * remembered by its text, within a bound.
 */
final class ImageQueries {
    private static final long MOST_CHARACTERS = 4_000_000;

    /**
     * What a query asks for.
     *
     * @param url canonical
     * @param width null for the original
     * @param forOtherSites whether pages of other sites may show the image, if the query is signed
     */
    record ImageQuery(String url, @Nullable Integer width, boolean forOtherSites) {}

    private final ProxyUrls urls;
    private final Cache<String, ImageQuery> known = Caffeine.newBuilder()
            .maximumWeight(MOST_CHARACTERS)
            .weigher((String query, ImageQuery said) ->
                    query.length() + said.url().length())
            .executor(Runnable::run)
            .build();

    ImageQueries(ProxyUrls urls) {
        this.urls = urls;
    }

    /**
     * The image that {@code request} asks for.
     *
     * @throws GatewayException {@code malformed_request}, {@code invalid_url} or {@code unsupported_scheme}
     * @throws FetchException for an address that is blocked
     */
    ImageQuery of(ServerRequest request) {
        @Nullable String text = request.exchange().getRequest().getURI().getRawQuery();
        ImageQuery said = text == null ? null : known.getIfPresent(text);
        if (said == null) {
            said = read(request.queryParams());
            if (text != null) {
                known.put(text, said);
            }
        }
        return said;
    }

    private ImageQuery read(MultiValueMap<String, String> parameters) {
        Integer width = RequestedWidths.one(parameters.getOrDefault("w", List.of()));
        List<String> given = parameters.getOrDefault("url", List.of());
        if (given.size() > 1) {
            throw GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, "url", given.size() + " of them", "one");
        }
        return new ImageQuery(
                urls.canonical("url", given.isEmpty() ? null : given.getFirst()),
                width,
                SignedUrls.areForOtherSites(parameters));
    }
}
