package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.link.Link;
import dev.sluice.gateway.outbound.link.Links;
import dev.sluice.zipstream.EntryNames;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * Stored images as one archive, for their owner: by their ids in the query, or behind a link if there are more than a
 * query holds on its way through proxies. A link serves only the caller that created it, and only what that caller may
 * see then.
 */
final class ArchiveRoutes implements FeatureRoutes {
    private static final String PATH = GalleryRoutes.PATH + "/zip";
    private static final String LINKS = PATH + "/links";
    private static final MediaType ZIP = MediaType.parseMediaType("application/zip");
    static final DataSize MAX_BODY = DataSize.ofKilobytes(64);
    private static final String FILENAME = "images.zip";

    private final StoredArchives archives;
    private final Links<LinkedArchive> links;

    ArchiveRoutes(StoredArchives archives, Links<LinkedArchive> links) {
        this.archives = archives;
        this.links = links;
    }

    /**
     * A request for an archive.
     *
     * @param ids 1 to 500
     * @param filename what the archive is called; {@value #FILENAME} if absent
     */
    record ArchiveRequest(
            @Nullable List<@Nullable String> ids, @Nullable String filename) {}

    /**
     * A new link.
     *
     * @param url where the archive is
     * @param expiresAt when it stops being there
     */
    record LinkCreated(String url, Instant expiresAt) {}

    @Override
    public List<Endpoint> endpoints() {
        Endpoint zip = Endpoint.get("gallery.zip", PATH, ZIP, this::zip);
        Endpoint link = Endpoint.postJson("gallery.zip.link", PATH, MAX_BODY, MediaType.APPLICATION_JSON, this::link);
        Endpoint download = Endpoint.get("gallery.zip.download", LINKS + "/{token}", ZIP, this::download);
        return List.of(zip, zip.head(), link, download, download.head());
    }

    private Mono<ServerResponse> zip(ServerRequest request) {
        return send(request, GalleryRequests.ids(request), FILENAME);
    }

    private Mono<ServerResponse> link(ServerRequest request) {
        Caller caller = GalleryRoutes.caller(request);
        return request.bodyToMono(ArchiveRequest.class)
                .switchIfEmpty(Mono.error(() -> GalleryRequests.bad("body", "nothing", "a JSON object with ids")))
                .map(body ->
                        new LinkedArchive(caller.subject(), GalleryRequests.ids(body.ids()), filename(body.filename())))
                // So that errors are reported here, where a page can show them.
                .flatMap(wanted -> archives.of(wanted.ids(), Gallery.own(caller))
                        .then(links.create(wanted, Links.Owner.of(caller))))
                .flatMap(link -> {
                    String url = LINKS + "/" + link.token();
                    return ServerResponse.created(URI.create(url))
                            .contentType(MediaType.APPLICATION_JSON)
                            .header(HttpHeaders.CACHE_CONTROL, "no-store")
                            .bodyValue(new LinkCreated(url, link.expiresAt()));
                });
    }

    private static String filename(@Nullable String wanted) {
        String name = GalleryRequests.text("filename", wanted, GalleryRequests.LONGEST_ALT);
        return name == null ? FILENAME : new EntryNames().claim(name, "zip");
    }

    private Mono<ServerResponse> download(ServerRequest request) {
        String owner = GalleryRoutes.caller(request).subject();
        return links.find(request.pathVariable("token"))
                .map(Link::content)
                .filter(linked -> linked.owner().equals(owner))
                .switchIfEmpty(Mono.error(
                        () -> new GatewayException(ProblemCode.NOT_FOUND, "There is no such link, or it has expired.")))
                .flatMap(linked -> send(request, linked.ids(), linked.filename()));
    }

    private Mono<ServerResponse> send(ServerRequest request, List<UUID> ids, String filename) {
        return archives.of(ids, Gallery.own(GalleryRoutes.caller(request)))
                .flatMap(archive -> archive.answer(request, filename));
    }
}
