package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.http.Representation;
import java.util.List;
import java.util.Locale;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The page at {@code /}, and under {@code /assets/<version>/} what it is made of. The page is asked for anew each time;
 * the rest is kept for good, since another version has another URL.
 */
final class WebAppRoutes implements FeatureRoutes {
    private static final String REVALIDATE = "no-cache";
    private static final String FOR_GOOD = "public, max-age=31536000, immutable";

    private final Assets assets;
    private final String contentPolicy;

    WebAppRoutes(Assets assets, WebAppProperties properties) {
        this.assets = assets;
        this.contentPolicy = contentPolicy(assets, properties);
    }

    @Override
    public List<Endpoint> endpoints() {
        Endpoint page = Endpoint.get("web.page", "/", MediaType.ALL, this::page).openTo(Access.PUBLIC);
        Endpoint asset = Endpoint.get("web.asset", "/assets/{version}/{*file}", MediaType.ALL, this::asset)
                .openTo(Access.PUBLIC);
        return List.of(page, page.head(), asset, asset.head());
    }

    private Mono<ServerResponse> page(ServerRequest request) {
        return send(request, assets.page(), REVALIDATE);
    }

    private Mono<ServerResponse> asset(ServerRequest request) {
        Asset asset = assets.file(request.pathVariable("file").substring(1));
        if (asset == null) {
            return Mono.error(new GatewayException(ProblemCode.NOT_FOUND, "The web app has no such file."));
        }
        boolean current = request.pathVariable("version").equals(assets.version());
        return send(request, asset, current ? FOR_GOOD : REVALIDATE);
    }

    private Mono<ServerResponse> send(ServerRequest request, Asset asset, String cacheControl) {
        Asset.Form form = readsGzip(request) ? asset.gzipped() : asset.plain();
        return new Representation(
                        asset.type(),
                        form.length(),
                        form.etag(),
                        null,
                        headers -> describe(headers, form, cacheControl),
                        (position, count, buffers) ->
                                Flux.defer(() -> Flux.just(buffers.wrap(form.part(position, count)))))
                .answer(request);
    }

    private void describe(HttpHeaders headers, Asset.Form form, String cacheControl) {
        headers.set(HttpHeaders.CACHE_CONTROL, cacheControl);
        headers.add(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
        if (form.encoding() != null) {
            headers.set(HttpHeaders.CONTENT_ENCODING, form.encoding());
        }
        headers.set("Content-Security-Policy", contentPolicy);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
    }

    /** RFC 9110 section 12.5.3, for the one coding there is. */
    private static boolean readsGzip(ServerRequest request) {
        for (String field : request.headers().header(HttpHeaders.ACCEPT_ENCODING)) {
            for (String coding : field.toLowerCase(Locale.ROOT).split(",", -1)) {
                if (coding.strip().matches("gzip(\\s*;\\s*q=(1(\\.0*)?|0\\.0*[1-9][0-9]*))?")) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * Nothing from elsewhere, no script or style but files of this gateway, and no text that becomes a script: the one
     * policy of trusted types is for the URL of the worker.
     */
    private static String contentPolicy(Assets assets, WebAppProperties properties) {
        String connect = String.join(" ", properties.connectTo());
        return String.join(
                "; ",
                "default-src 'none'",
                "script-src 'self' " + assets.importMapHash(),
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
