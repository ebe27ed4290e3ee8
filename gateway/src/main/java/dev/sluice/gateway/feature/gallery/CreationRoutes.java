package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.outbound.database.Image;
import java.net.URI;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** How images come into being: ordered from a provider, or brought from elsewhere. */
final class CreationRoutes implements FeatureRoutes {
    private final Generations generations;
    private final Imports imports;

    CreationRoutes(Generations generations, Imports imports) {
        this.generations = generations;
        this.imports = imports;
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(
                Endpoint.postJson(
                        "gallery.generate",
                        GalleryRoutes.PATH + "/generations",
                        GalleryRoutes.MAX_BODY,
                        MediaType.APPLICATION_JSON,
                        this::generate),
                Endpoint.postJson(
                        "gallery.import",
                        GalleryRoutes.PATH + "/imports",
                        GalleryRoutes.MAX_BODY,
                        MediaType.APPLICATION_JSON,
                        this::bring));
    }

    private Mono<ServerResponse> generate(ServerRequest request) {
        return GalleryRoutes.read(request, Generations.Order.class, "prompt")
                .flatMap(order -> generations.create(order, GalleryRoutes.caller(request)))
                .flatMap(image -> created(HttpStatus.ACCEPTED, image));
    }

    private Mono<ServerResponse> bring(ServerRequest request) {
        return GalleryRoutes.read(request, Imports.Order.class, "url")
                .flatMap(order -> imports.bring(order, GalleryRoutes.caller(request)))
                .flatMap(image -> created(HttpStatus.CREATED, image));
    }

    private static Mono<ServerResponse> created(HttpStatus status, Image image) {
        return ServerResponse.status(status)
                .location(URI.create(GalleryRoutes.PATH + "/" + image.id()))
                .contentType(MediaType.APPLICATION_JSON)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .bodyValue(ImageJson.of(image));
    }
}
