package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.imageproxy.SignedUrls.Preview;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * Small pictures of remote images, for pages of this gateway whose visitor is not signed in. Open where anonymous
 * callers are ({@code sluice.access.anonymous}). Unlike {@code POST /api/image-proxy/urls} it signs neither originals
 * nor larger widths, nor what pages of other sites may show. Nothing is fetched here: that happens, with every guard of
 * the proxy, when a URL is asked for.
 */
final class PreviewRoutes implements FeatureRoutes {
    private static final String PATH = ImageProxyRoutes.PATH + "/previews";
    private static final DataSize MAX_BODY = DataSize.ofMegabytes(1);
    private static final List<Integer> WIDTHS =
            Pictures.WIDTHS.stream().limit(2).toList();

    private final ProxyUrls urls;
    private final SignedUrls signedUrls;
    private final int maxUrls;

    PreviewRoutes(ProxyUrls urls, SignedUrls signedUrls, int maxUrls) {
        this.urls = urls;
        this.signedUrls = signedUrls;
        this.maxUrls = maxUrls;
    }

    /**
     * Which images are to be seen.
     *
     * @param urls one or more
     */
    record PreviewRequest(@Nullable List<@Nullable String> urls) {}

    /**
     * Where they can be seen.
     *
     * @param previews in the order of the request; a URL that the gateway would not fetch has none
     */
    record PreviewList(List<Preview> previews) {}

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.postJson("image.preview", PATH, MAX_BODY, MediaType.APPLICATION_JSON, this::preview)
                .openTo(Access.ANONYMOUS));
    }

    private Mono<ServerResponse> preview(ServerRequest request) {
        return request.bodyToMono(PreviewRequest.class)
                .switchIfEmpty(Mono.error(() -> malformed("body", "nothing", "a JSON object with urls")))
                .map(this::previews)
                .flatMap(previews -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .bodyValue(previews));
    }

    private PreviewList previews(PreviewRequest wanted) {
        List<@Nullable String> given = wanted.urls();
        if (given == null || given.isEmpty() || given.size() > maxUrls) {
            throw malformed("urls", given == null ? "none" : given.size() + " URLs", "1 to " + maxUrls + " URLs");
        }
        return new PreviewList(given.stream()
                .map(this::previewOf)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList());
    }

    /** A list has whatever somebody pasted: what cannot be fetched costs the others nothing. */
    private @Nullable Preview previewOf(@Nullable String url) {
        try {
            urls.canonical("urls", url);
        } catch (FetchException | GatewayException refused) {
            return null;
        }
        return signedUrls.preview(String.valueOf(url), WIDTHS);
    }

    private static GatewayException malformed(String member, String value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
