package dev.sluice.gateway.feature.apidocs;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.http.Representation;
import java.nio.ByteBuffer;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import reactor.core.publisher.Flux;

/** The OpenAPI document over HTTP; a client that has it already is told so. */
final class ApiDocsRoutes implements FeatureRoutes {
    private final Representation representation;

    ApiDocsRoutes(ApiDocument document) {
        this.representation = new Representation(
                MediaType.APPLICATION_JSON,
                document.bytes().length,
                document.etag(),
                null,
                headers -> headers.set(HttpHeaders.CACHE_CONTROL, "no-cache"),
                (position, count, buffers) -> part(document, position, count, buffers));
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.get("docs.show", "/v3/api-docs", MediaType.APPLICATION_JSON, representation::answer)
                .openTo(Access.PUBLIC));
    }

    private static Flux<DataBuffer> part(ApiDocument document, long position, long count, DataBufferFactory buffers) {
        return Flux.defer(() -> Flux.just(
                buffers.wrap(ByteBuffer.wrap(document.bytes(), Math.toIntExact(position), Math.toIntExact(count))
                        .slice())));
    }
}
