package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.feature.gallery.SizedFiles.SizedFile;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.zipstream.EntryNames;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The bytes of images, one at a time; for their owners, and for admins. */
final class FileRoutes implements FeatureRoutes {
    /** The bytes behind an id never change, and no shared cache may serve one tenant's picture to another. */
    private static final String CACHE_CONTROL = "private, max-age=31536000, immutable";

    /** An SVG may have its own style, and no script. */
    private static final String SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

    private final Gallery gallery;
    private final ObjectStore store;
    private final SizedFiles sizes;

    FileRoutes(Gallery gallery, ObjectStore store, SizedFiles sizes) {
        this.gallery = gallery;
        this.store = store;
        this.sizes = sizes;
    }

    @Override
    public List<Endpoint> endpoints() {
        Endpoint file = Endpoint.get("gallery.file", GalleryRoutes.PATH + "/{id}/file", MediaType.ALL, this::file);
        Endpoint download =
                Endpoint.get("gallery.download", GalleryRoutes.PATH + "/{id}/download", MediaType.ALL, this::download);
        return List.of(file, file.head(), download, download.head());
    }

    private Mono<ServerResponse> file(ServerRequest request) {
        return send(request, GalleryRequests.width(request), null);
    }

    private Mono<ServerResponse> download(ServerRequest request) {
        return send(request, null, ContentDisposition.attachment());
    }

    private Mono<ServerResponse> send(
            ServerRequest request, @Nullable Integer width, ContentDisposition.@Nullable Builder disposition) {
        UUID id = GalleryRequests.id(request);
        return gallery.visible(id, GalleryRoutes.caller(request)).flatMap(image -> {
            String external = image.externalUrl();
            ImageObject object = image.object();
            if (external != null) {
                if (width != null) {
                    return Mono.error(external(image));
                }
                return ServerResponse.status(HttpStatus.FOUND)
                        .location(URI.create(external))
                        .header(HttpHeaders.CACHE_CONTROL, "private, no-store")
                        .build();
            }
            return object == null
                    ? Mono.error(noFile(image))
                    : send(request, image, sizes.of(image, object, width), disposition);
        });
    }

    private Mono<ServerResponse> send(
            ServerRequest request, Image image, SizedFile file, ContentDisposition.@Nullable Builder disposition) {
        return store.open(new ObjectKey(file.key()))
                .switchIfEmpty(Mono.error(() -> lost(image)))
                .flatMap(content -> new Representation(
                                MediaType.parseMediaType(file.contentType()),
                                file.size(),
                                file.etag(),
                                image.completedAt(),
                                headers(image, file, disposition),
                                new ObjectBody(content))
                        .answer(request));
    }

    private static Consumer<HttpHeaders> headers(
            Image image, SizedFile file, ContentDisposition.@Nullable Builder disposition) {
        return headers -> {
            headers.set(HttpHeaders.CACHE_CONTROL, CACHE_CONTROL);
            headers.set("X-Content-Type-Options", "nosniff");
            headers.set("Content-Security-Policy", SANDBOX);
            if (disposition != null) {
                String name = FileNames.claim(new EntryNames(), image, file.key());
                headers.setContentDisposition(
                        disposition.filename(name, StandardCharsets.UTF_8).build());
            }
        };
    }

    private static GatewayException noFile(Image image) {
        return new GatewayException(
                        ProblemCode.CONFLICT,
                        "Image " + image.id() + ": " + image.status().code() + " (expected: completed)")
                .with("imageStatus", image.status().code());
    }

    private static GatewayException external(Image image) {
        return new GatewayException(
                ProblemCode.NOT_FOUND, "Image " + image.id() + " is not stored here and has no smaller copies.");
    }

    /** A request found it before the reconciler did. */
    static GatewayException lost(Image image) {
        return new GatewayException(
                ProblemCode.STORAGE_FAILED, "The file of image " + image.id() + " is not in the store.");
    }

    /** The kernel sends it if it is a file. */
    private record ObjectBody(ObjectContent content) implements Representation.Body {

        @Override
        public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
            return content.bytes(position, count).onErrorMap(StorageProblems::of);
        }

        @Override
        public @Nullable Mono<Void> send(ServerHttpResponse response, long position, long count) {
            FileOutput output = FileOutput.of(response);
            return content.file() == null || output == null
                    ? null
                    : Mono.defer(() -> output.writeFile(file(), position, count));
        }

        private Path file() {
            return Objects.requireNonNull(content.file(), "no file");
        }
    }
}
