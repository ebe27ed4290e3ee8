package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.contract.http.StreamedBody;
import dev.sluice.gateway.feature.zip.ArchiveMeters.Kind;
import dev.sluice.gateway.feature.zip.StoredImages.Admission;
import dev.sluice.gateway.outbound.archive.SeekableArchive;
import dev.sluice.gateway.outbound.link.Link;
import dev.sluice.gateway.outbound.link.Links;
import dev.sluice.zipstream.EntryNames;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
import reactor.core.Disposable;
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
     * @param resumable whether the store has all images, so that a download that is cut off can go on where it ended,
     *     if their origins confirm them then
     */
    record LinkCreated(String url, String eventsUrl, Instant expiresAt, boolean resumable) {}

    /**
     * A request to be kept.
     *
     * @param images as in {@link ZipRequest}
     * @param filename as in {@link ZipRequest}
     * @param onError as in {@link ZipRequest}
     * @param resumable whether all images are to be brought into the store before the answer
     */
    record LinkWanted(
            List<RemoteImage> images,
            @Nullable String filename,
            OnError onError,
            @Nullable Boolean resumable) {
        ZipRequest request() {
            return new ZipRequest(images, filename, onError);
        }

        boolean isToBeResumable() {
            return resumable != null && resumable;
        }
    }

    private final ZipTools tools;
    private final Links<LinkedRequest> links;
    private final @Nullable SharedProgress progress;

    /** @param progress of all gateways on one Redis; null where there is none */
    ZipRoutes(ZipTools tools, Links<LinkedRequest> links, @Nullable SharedProgress progress) {
        this.tools = tools;
        this.links = links;
        this.progress = progress;
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
        return read(request).flatMap(wanted -> archive(request, wanted, new LocalProgress(wanted)));
    }

    private Mono<ServerResponse> link(ServerRequest request) {
        Links.Owner holder =
                Links.Owner.of(RequestContext.of(request.exchange()).caller());
        int maxImages = tools.properties().maxImages();
        return body(request, LinkWanted.class).flatMap(body -> {
            ZipRequest wanted = body.request().within(maxImages);
            return links.create(new LinkedRequest(wanted), holder)
                    .zipWhen(link -> isResumable(request, wanted, body.isToBeResumable()))
                    .flatMap(created -> {
                        Link<LinkedRequest> link = created.getT1();
                        String url = LINKS + "/" + link.token();
                        return ServerResponse.created(URI.create(url))
                                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                                .bodyValue(new LinkCreated(url, url + "/events", link.expiresAt(), created.getT2()));
                    });
        });
    }

    /** Whether every byte of the archive is known, after all images were brought into the store if that is wanted. */
    private Mono<Boolean> isResumable(ServerRequest request, ZipRequest wanted, boolean isWanted) {
        StoredImages stored = tools.stored(wanted, isWanted ? Admission.ALL : Admission.NONE);
        Disposable.Composite resources = RequestContext.of(request.exchange()).resources();
        return isWanted
                ? stored.archive(tools.properties().longestSilence(), resources).hasElement()
                : Mono.just(stored.areAllStored());
    }

    private Mono<ServerResponse> download(ServerRequest request) {
        return find(request).flatMap(linked -> {
            ZipRequest wanted = linked.request();
            if (!isHead(request)) {
                return archive(request, wanted, begun(request, linked));
            }
            return seekable(request, tools.stored(wanted, Admission.NONE), tools.silence(), false)
                    .flatMap(archive -> archive.answer(request, filename(wanted)))
                    .switchIfEmpty(Mono.defer(() -> described(wanted).build()));
        });
    }

    private LocalProgress begun(ServerRequest request, LinkedRequest linked) {
        LocalProgress local = linked.begin();
        RequestContext.of(request.exchange()).resources().add(local::end);
        if (progress != null) {
            progress.write(request.pathVariable("token"), local);
        }
        return local;
    }

    private Mono<ServerResponse> events(ServerRequest request) {
        ZipProperties properties = tools.properties();
        return find(request).flatMap(linked -> {
            if (isHead(request)) {
                return ServerResponse.ok().headers(StreamedBody::describeEvents).build();
            }
            Duration timeout = properties.linkTtl().plus(properties.archiveTimeout());
            Mono<SharedProgress.Snapshot> elsewhere =
                    progress == null ? Mono.empty() : progress.read(request.pathVariable("token"));
            return ServerResponse.ok()
                    .body(StreamedBody.events(ZipEvents.of(linked, elsewhere, timeout, tools.timer())));
        });
    }

    private static boolean isHead(ServerRequest request) {
        return request.method().equals(HttpMethod.HEAD);
    }

    private Mono<ServerResponse> base64(ServerRequest request) {
        return read(request).flatMap(wanted -> {
            DataBufferFactory buffers = buffers(request);
            tools.deadline().watch(request.exchange());
            StoredImages stored = tools.stored(wanted, Admission.SECOND_REQUEST);
            ZipDownload download =
                    new ZipDownload(tools, wanted, stored, new LocalProgress(wanted), buffers, tools.silence());
            count(request, download);
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

    /** Who asks for a part wants to go on where it stopped: its images enter the store at once. */
    private Mono<ServerResponse> archive(ServerRequest request, ZipRequest wanted, LocalProgress progress) {
        boolean isResumed =
                request.method().equals(HttpMethod.GET) && request.headers().firstHeader(HttpHeaders.RANGE) != null;
        ResponseIdleTimer silence = tools.silence();
        tools.deadline().watch(request.exchange());
        StoredImages stored = tools.stored(wanted, isResumed ? Admission.ALL : Admission.SECOND_REQUEST);
        return seekable(request, stored, silence, isResumed)
                .flatMap(archive -> {
                    stored.tell(progress);
                    RequestContext.of(request.exchange()).resources().add(progress::end);
                    tools.meters().count(Kind.KNOWN, request.exchange().getResponse());
                    return archive.answer(request, filename(wanted));
                })
                .switchIfEmpty(Mono.defer(() -> asItComes(request, wanted, stored, progress, silence)));
    }

    /** The archive if every byte of it is known. */
    private Mono<SeekableArchive> seekable(
            ServerRequest request, StoredImages stored, ResponseIdleTimer silence, boolean isToBeStored) {
        if (!isToBeStored && !stored.areAllStored()) {
            return Mono.empty();
        }
        Duration left = silence.left();
        Duration confirming = tools.properties().confirmTimeout();
        return stored.archive(
                isToBeStored || confirming.compareTo(left) > 0 ? left : confirming,
                RequestContext.of(request.exchange()).resources());
    }

    private Mono<ServerResponse> asItComes(
            ServerRequest request,
            ZipRequest wanted,
            StoredImages stored,
            LocalProgress progress,
            ResponseIdleTimer silence) {
        FileOutput files = stored.isOfUse() ? files(request) : null;
        if (files != null) {
            stored.sendFiles(RequestContext.of(request.exchange()).resources());
        }
        ZipDownload download = new ZipDownload(tools, wanted, stored, progress, buffers(request), silence);
        count(request, download);
        return download.isCollected()
                ? whole(request, download)
                        .flatMap(archive -> sent(
                                described(wanted).contentLength(archive.length()),
                                read(request, download, archive.bytes()),
                                files))
                : sent(described(wanted), read(request, download, download.bytes()), files);
    }

    private void count(ServerRequest request, ZipDownload download) {
        Kind kind = download.isCollected() ? Kind.COLLECTED : Kind.STREAMED;
        tools.meters().count(kind, request.exchange().getResponse());
    }

    private static @Nullable FileOutput files(ServerRequest request) {
        FileOutput output = FileOutput.of(request.exchange().getResponse());
        return output != null && output.takesBuffers() ? output : null;
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

    private static Mono<BufferedArchive> whole(ServerRequest request, ZipDownload download) {
        return download.whole()
                .doOnNext(archive ->
                        RequestContext.of(request.exchange()).resources().add(archive.resources()));
    }

    private Flux<DataBuffer> read(ServerRequest request, ZipDownload download, Flux<DataBuffer> archive) {
        return tools.readers()
                .over(archive, RequestContext.of(request.exchange()).connection(), download::usesDisk);
    }

    /** @param files sends what is in files, where that is possible and there may be some */
    private static Mono<ServerResponse> sent(
            ServerResponse.BodyBuilder answer, Flux<DataBuffer> bytes, @Nullable FileOutput files) {
        return files == null ? sent(answer, bytes) : answer.build((exchange, context) -> files.writeBuffers(bytes));
    }

    private static Mono<ServerResponse> sent(ServerResponse.BodyBuilder answer, Flux<DataBuffer> bytes) {
        return answer.body(StreamedBody.of(bytes, BodyInserters::fromDataBuffers));
    }

    private Mono<ZipRequest> read(ServerRequest request) {
        int maxImages = tools.properties().maxImages();
        return body(request, ZipRequest.class).map(wanted -> wanted.within(maxImages));
    }

    private static <T> Mono<T> body(ServerRequest request, Class<T> type) {
        return request.bodyToMono(type)
                .switchIfEmpty(Mono.error(() -> GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST, "body", "nothing", "a JSON object with images")));
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
