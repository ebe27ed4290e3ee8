package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.http.Gzip;
import dev.sluice.gateway.contract.http.Representation;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The page at {@code /} and at the URL of each of its views, so that each can be typed, kept and loaded again, and
 * under {@code /assets/<version>/} what it is made of. The page is asked for anew each time; the rest is kept for good,
 * since another version has another URL.
 */
final class WebAppRoutes implements FeatureRoutes {
    private static final String REVALIDATE = "no-cache";
    private static final String FOR_GOOD = "public, max-age=31536000, immutable";

    /** Below the root, as the page's own router knows them. */
    private static final List<String> VIEWS =
            List.of("/gallery", "/generate", "/upload", "/import", "/admin", "/sign-in");

    private static final String IMAGE = "/gallery/{image}";

    private final Assets assets;
    private final WebAppProperties properties;

    WebAppRoutes(Assets assets, WebAppProperties properties) {
        this.assets = assets;
        this.properties = properties;
    }

    @Override
    public List<Endpoint> endpoints() {
        Stream<Endpoint> pages = Stream.of(
                        Stream.of(page("/", MediaType.ALL, 0)),
                        VIEWS.stream().map(view -> page(view, MediaType.TEXT_HTML, 0)),
                        Stream.of(page(IMAGE, MediaType.TEXT_HTML, 1)))
                .flatMap(Function.identity());
        Endpoint asset = Endpoint.get("web.asset", "/assets/{version}/{*file}", MediaType.ALL, this::asset)
                .openTo(Access.PUBLIC);
        return Stream.concat(pages, Stream.of(asset))
                .flatMap(endpoint -> Stream.of(endpoint, endpoint.head()))
                .toList();
    }

    private Endpoint page(String path, MediaType type, int depth) {
        Assets.Page page = assets.page(depth);
        String policy = contentPolicy(page.importMapHash(), properties);
        return Endpoint.get("web.page", path, type, request -> send(request, page.file(), REVALIDATE, policy))
                .openTo(Access.PUBLIC);
    }

    private Mono<ServerResponse> asset(ServerRequest request) {
        Asset asset = assets.file(request.pathVariable("file").substring(1));
        if (asset == null) {
            return Mono.error(new GatewayException(ProblemCode.NOT_FOUND, "The web app has no such file."));
        }
        boolean current = request.pathVariable("version").equals(assets.version());
        String policy = contentPolicy(assets.page(0).importMapHash(), properties);
        return send(request, asset, current ? FOR_GOOD : REVALIDATE, policy);
    }

    private Mono<ServerResponse> send(ServerRequest request, Asset asset, String cacheControl, String policy) {
        Asset.Form form = Gzip.isAccepted(request.headers().asHttpHeaders()) ? asset.gzipped() : asset.plain();
        return new Representation(
                        asset.type(),
                        form.length(),
                        form.etag(),
                        null,
                        headers -> describe(headers, form, cacheControl, policy),
                        (position, count, buffers) ->
                                Flux.defer(() -> Flux.just(buffers.wrap(form.part(position, count)))))
                .answer(request);
    }

    private static void describe(HttpHeaders headers, Asset.Form form, String cacheControl, String policy) {
        headers.set(HttpHeaders.CACHE_CONTROL, cacheControl);
        headers.add(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
        if (form.encoding() != null) {
            headers.set(HttpHeaders.CONTENT_ENCODING, form.encoding());
        }
        headers.set("Content-Security-Policy", policy);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
    }

    /**
     * Nothing from elsewhere, no script or style but files of this gateway, and no text that becomes a script: the one
     * policy of trusted types is for the URL of the worker.
     */
    private static String contentPolicy(String importMapHash, WebAppProperties properties) {
        String connect = String.join(" ", properties.connectTo());
        return String.join(
                "; ",
                "default-src 'none'",
                "script-src 'self' " + importMapHash,
                "style-src 'self'",
                "img-src 'self' blob:",
                "connect-src 'self'" + (connect.isEmpty() ? "" : " " + connect),
                "worker-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types sluice");
    }
}
