package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.http.Gzip;
import dev.sluice.gateway.contract.http.Representation;
import java.util.List;
import java.util.function.Consumer;
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

    private static final String CONTENT_POLICY = "Content-Security-Policy";
    private static final String VARIES_BY_SESSION = HttpHeaders.ACCEPT_ENCODING + ", " + HttpHeaders.COOKIE;

    /** In which the gateway has a browser keep its session: over HTTP, and over HTTPS. */
    private static final List<String> SESSION_COOKIES = List.of("sluice_session", "__Host-sluice_session");

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
                        // As people type it.
                        VIEWS.stream().map(view -> page(view + "/", MediaType.TEXT_HTML, 1)),
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
        return Endpoint.get("web.page", path, type, request -> {
                    Asset file = bringsSession(request) ? page.ofSession() : page.file();
                    return send(request, file, REVALIDATE, VARIES_BY_SESSION, headers -> describePage(headers, policy));
                })
                .openTo(Access.PUBLIC);
    }

    /** Whether there is one, not whether it is valid: a page is for all, and what it asks for is not. */
    private static boolean bringsSession(ServerRequest request) {
        return SESSION_COOKIES.stream().anyMatch(request.cookies()::containsKey);
    }

    private Mono<ServerResponse> asset(ServerRequest request) {
        Asset asset = assets.file(request.pathVariable("file").substring(1));
        if (asset == null) {
            return Mono.error(new GatewayException(ProblemCode.NOT_FOUND, "The web app has no such file."));
        }
        boolean current = request.pathVariable("version").equals(assets.version());
        return send(
                request,
                asset,
                current ? FOR_GOOD : REVALIDATE,
                HttpHeaders.ACCEPT_ENCODING,
                WebAppRoutes::describeFile);
    }

    private static Mono<ServerResponse> send(
            ServerRequest request, Asset asset, String cacheControl, String vary, Consumer<HttpHeaders> describe) {
        Asset.Form form = Gzip.isAccepted(request.headers().asHttpHeaders()) ? asset.gzipped() : asset.plain();
        return new Representation(
                        asset.type(),
                        form.length(),
                        form.etag(),
                        null,
                        headers -> {
                            headers.set(HttpHeaders.CACHE_CONTROL, cacheControl);
                            headers.add(HttpHeaders.VARY, vary);
                            if (form.encoding() != null) {
                                headers.set(HttpHeaders.CONTENT_ENCODING, form.encoding());
                            }
                            headers.set("X-Content-Type-Options", "nosniff");
                            headers.set("Cross-Origin-Resource-Policy", "same-origin");
                            describe.accept(headers);
                        },
                        (position, count, buffers) ->
                                Flux.defer(() -> Flux.just(buffers.wrap(form.part(position, count)))))
                .answer(request);
    }

    private static void describePage(HttpHeaders headers, String policy) {
        headers.set(CONTENT_POLICY, policy);
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
    }

    /**
     * A script in a page is under the page's policy; its own is for the worker and for whoever opens the file by
     * itself, and lets neither do anything. It comes with each file, so its length counts.
     */
    private static void describeFile(HttpHeaders headers) {
        headers.set(CONTENT_POLICY, "default-src 'none'");
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
