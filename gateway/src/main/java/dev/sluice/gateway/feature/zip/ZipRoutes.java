package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.StreamedBody;
import dev.sluice.gateway.outbound.link.Link;
import dev.sluice.gateway.outbound.link.Links;
import dev.sluice.zipstream.EntryNames;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The archive over HTTP: at once, behind a link, or as base64 in JSON. */
final class ZipRoutes implements FeatureRoutes {
    private static final MediaType ZIP = MediaType.parseMediaType("application/zip");
    private static final String LINKS = "/api/zip/links";

    /**
     * A new link.
     *
     * @param url where the archive is
     * @param eventsUrl where its progress is told
     * @param expiresAt when both stop being there
     */
    record LinkCreated(String url, String eventsUrl, Instant expiresAt) {}

    private final ZipTools tools;
    private final Links<LinkedRequest> links;

    ZipRoutes(ZipTools tools, Links<LinkedRequest> links) {
        this.tools = tools;
        this.links = links;
    }

    @Override
    public List<Endpoint> endpoints() {
        DataSize maxBody = tools.properties().maxBody();
        return Stream.of(
                        Endpoint.postJson("zip.create", "/api/zip", maxBody, ZIP, this::create),
                        Endpoint.postJson("zip.link", LINKS, maxBody, MediaType.APPLICATION_JSON, this::link),
                        Endpoint.get("zip.download", LINKS + "/{token}", ZIP, this::download),
                        Endpoint.get(
                                "zip.events", LINKS + "/{token}/events", MediaType.TEXT_EVENT_STREAM, this::events),
                        Endpoint.postJson(
                                "zip.base64", "/api/zip/base64", maxBody, MediaType.APPLICATION_JSON, this::base64))
                .map(endpoint -> endpoint.openTo(Access.ANONYMOUS))
                .toList();
    }

    private Mono<ServerResponse> create(ServerRequest request) {
        return read(request).flatMap(wanted -> archive(request, wanted, new ZipProgress(wanted)));
    }

    private Mono<ServerResponse> link(ServerRequest request) {
        Links.Owner holder =
                Links.Owner.of(RequestContext.of(request.exchange()).caller());
        Mono<LinkedRequest> wanted = read(request).map(LinkedRequest::new);
        return wanted.flatMap(linked -> links.create(linked, holder)).flatMap(link -> {
            String url = LINKS + "/" + link.token();
            return ServerResponse.created(URI.create(url))
                    .header(HttpHeaders.CACHE_CONTROL, "no-store")
                    .bodyValue(new LinkCreated(url, url + "/events", link.expiresAt()));
        });
    }

    private Mono<ServerResponse> download(ServerRequest request) {
        return find(request).flatMap(linked -> {
            ZipRequest wanted = linked.request();
            return isHead(request) ? described(wanted).build() : archive(request, wanted, linked.begin());
        });
    }

    private Mono<ServerResponse> events(ServerRequest request) {
        ZipProperties properties = tools.properties();
        return find(request).flatMap(linked -> {
            if (isHead(request)) {
                return ServerResponse.ok().headers(StreamedBody::describeEvents).build();
            }
            Duration patience = properties.linkTtl().plus(properties.archiveTimeout());
            return ServerResponse.ok().body(StreamedBody.events(ZipEvents.of(linked, patience, tools.timer())));
        });
    }

    private static boolean isHead(ServerRequest request) {
        return request.method().equals(HttpMethod.HEAD);
    }

    private Mono<ServerResponse> base64(ServerRequest request) {
        return read(request).flatMap(wanted -> {
            DataBufferFactory buffers = buffers(request);
            ZipDownload download = new ZipDownload(tools, wanted, new ZipProgress(wanted), buffers);
            ServerResponse.BodyBuilder answer = ServerResponse.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .header(HttpHeaders.CACHE_CONTROL, "no-store");
            if (!download.isCollected()) {
                return sent(answer, encoded(wanted, download, read(request, download, download.bytes()), buffers));
            }
            return whole(request, download).flatMap(archive -> {
                long length = Base64Json.length(filename(wanted), archive.length(), download.skipped(), tools.json());
                return sent(
                        answer.contentLength(length),
                        encoded(wanted, download, read(request, download, archive.bytes()), buffers));
            });
        });
    }

    private Flux<DataBuffer> encoded(
            ZipRequest wanted, ZipDownload download, Flux<DataBuffer> archive, DataBufferFactory buffers) {
        return Base64Json.of(filename(wanted), archive, download::skipped, tools.json(), buffers);
    }

    private Mono<ServerResponse> archive(ServerRequest request, ZipRequest wanted, ZipProgress progress) {
        ZipDownload download = new ZipDownload(tools, wanted, progress, buffers(request));
        return download.isCollected()
                ? whole(request, download)
                        .flatMap(archive -> sent(
                                described(wanted).contentLength(archive.length()),
                                read(request, download, archive.bytes())))
                : sent(described(wanted), read(request, download, download.bytes()));
    }

    /** What a client is told of an archive before its first byte; its length besides, where that is known. */
    private static ServerResponse.BodyBuilder described(ZipRequest wanted) {
        ContentDisposition attachment = ContentDisposition.attachment()
                .filename(filename(wanted), StandardCharsets.UTF_8)
                .build();
        return ServerResponse.ok()
                .contentType(ZIP)
                .header(HttpHeaders.CONTENT_DISPOSITION, attachment.toString())
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .header("X-Content-Type-Options", "nosniff");
    }

    private static Mono<WholeArchive> whole(ServerRequest request, ZipDownload download) {
        return download.whole()
                .doOnNext(archive ->
                        RequestContext.of(request.exchange()).resources().add(archive.resources()));
    }

    private Flux<DataBuffer> read(ServerRequest request, ZipDownload download, Flux<DataBuffer> archive) {
        return tools.readers()
                .over(archive, RequestContext.of(request.exchange()).connection(), download::holdsDisk);
    }

    private static Mono<ServerResponse> sent(ServerResponse.BodyBuilder answer, Flux<DataBuffer> bytes) {
        return answer.body(StreamedBody.of(bytes, BodyInserters::fromDataBuffers));
    }

    private Mono<ZipRequest> read(ServerRequest request) {
        int maxImages = tools.properties().maxImages();
        return request.bodyToMono(ZipRequest.class)
                .switchIfEmpty(Mono.error(() -> GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST, "body", "nothing", "a JSON object with images")))
                .map(wanted -> wanted.within(maxImages));
    }

    private Mono<LinkedRequest> find(ServerRequest request) {
        return links.find(request.pathVariable("token"))
                .map(Link::content)
                .switchIfEmpty(Mono.error(() ->
                        new GatewayException(ProblemCode.NOT_FOUND, "There is no such link, or it has expired.")));
    }

    private static String filename(ZipRequest request) {
        String wanted = request.filename();
        return new EntryNames().claim(wanted == null || wanted.isBlank() ? "images.zip" : wanted, "zip");
    }

    private static DataBufferFactory buffers(ServerRequest request) {
        return request.exchange().getResponse().bufferFactory();
    }
}
