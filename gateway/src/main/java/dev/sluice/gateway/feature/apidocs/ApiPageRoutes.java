package dev.sluice.gateway.feature.apidocs;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.contract.http.StrongTag;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import reactor.core.publisher.Flux;

/** The API for people at {@code /docs}, and the page's one style sheet. */
final class ApiPageRoutes implements FeatureRoutes {
    /** Nothing but the sheet: there is no script that could run. */
    private static final String POLICY = String.join(
            "; ",
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'");

    private final Representation page;
    private final Representation style;

    ApiPageRoutes(String html, byte[] css) {
        this.page = representation(MediaType.TEXT_HTML, html.getBytes(StandardCharsets.UTF_8));
        this.style = representation(MediaType.valueOf("text/css"), css);
    }

    @Override
    public List<Endpoint> endpoints() {
        return Stream.of(
                        Endpoint.get("web.docs", "/docs", MediaType.TEXT_HTML, page::answer)
                                .openTo(Access.PUBLIC),
                        Endpoint.get("web.docs.style", "/docs/style.css", MediaType.ALL, style::answer)
                                .openTo(Access.PUBLIC))
                .flatMap(endpoint -> Stream.of(endpoint, endpoint.head()))
                .toList();
    }

    private static Representation representation(MediaType type, byte[] bytes) {
        return new Representation(
                new MediaType(type, StandardCharsets.UTF_8),
                bytes.length,
                StrongTag.of(StrongTag.digest().digest(bytes)),
                null,
                ApiPageRoutes::set,
                (position, count, buffers) -> Flux.defer(() ->
                        Flux.just(buffers.wrap(ByteBuffer.wrap(bytes, Math.toIntExact(position), Math.toIntExact(count))
                                .slice()))));
    }

    private static void set(HttpHeaders headers) {
        headers.set(HttpHeaders.CACHE_CONTROL, "no-cache");
        headers.set("Content-Security-Policy", POLICY);
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
    }
}
