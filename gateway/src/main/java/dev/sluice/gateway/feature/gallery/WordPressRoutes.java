package dev.sluice.gateway.feature.gallery;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.gallery.GalleryProperties.Site;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.wordpress.UploadedMedia;
import dev.sluice.gateway.outbound.wordpress.WordPressMedia;
import dev.sluice.zipstream.EntryNames;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Sends an image to a WordPress media library. If the library refuses it, the caller gets the library's message. */
final class WordPressRoutes implements FeatureRoutes {
    private final Gallery gallery;
    private final ObjectStore store;
    private final WordPressMedia sites;
    private final Map<String, Site> configured;

    /** @param configured the sites by name, each with whom it admits */
    WordPressRoutes(Gallery gallery, ObjectStore store, WordPressMedia sites, Map<String, Site> configured) {
        this.gallery = gallery;
        this.store = store;
        this.sites = sites;
        this.configured = configured;
    }

    /**
     * Where to.
     *
     * @param site one of those that are configured; the only one if absent
     */
    record SiteChoice(@Nullable String site) {}

    /**
     * Where it is now.
     *
     * @param id the library's number for it
     * @param link its page, if the library tells
     * @param sourceUrl the file, if the library tells
     * @param warning what the library did not take or tell beside the file; sent again, it would be there twice
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Sent(
            String site,
            long id,
            @Nullable URI link,
            @Nullable URI sourceUrl,
            @Nullable String warning) {}

    /** Where the caller may send images. */
    record Sites(List<String> sites) {}

    @Override
    public List<Endpoint> endpoints() {
        return List.of(
                Endpoint.get(
                        "gallery.wordpress.sites",
                        GalleryRoutes.PATH + "/wordpress/sites",
                        MediaType.APPLICATION_JSON,
                        request -> GalleryRoutes.json(new Sites(open(GalleryRoutes.caller(request))))),
                Endpoint.postJson(
                        "gallery.wordpress",
                        GalleryRoutes.PATH + "/{id}/wordpress",
                        GalleryRoutes.MAX_BODY,
                        MediaType.APPLICATION_JSON,
                        this::send));
    }

    private Mono<ServerResponse> send(ServerRequest request) {
        UUID id = GalleryRequests.id(request);
        return GalleryRoutes.read(request, SiteChoice.class, "site").flatMap(choice -> {
            String site = site(choice, GalleryRoutes.caller(request));
            return gallery.find(id, Gallery.own(GalleryRoutes.caller(request)))
                    .flatMap(image -> send(image, site))
                    .flatMap(GalleryRoutes::json);
        });
    }

    private String site(SiteChoice choice, Caller caller) {
        if (configured.isEmpty()) {
            throw new GatewayException(ProblemCode.PROVIDER_NOT_CONFIGURED, "This gateway has no WordPress site.");
        }
        List<String> open = open(caller);
        String wanted = choice.site() == null && configured.size() == 1
                ? configured.keySet().iterator().next()
                : choice.site();
        if (wanted != null && open.contains(wanted)) {
            return wanted;
        }
        // A caller who may use none does not learn their names.
        if (open.isEmpty()) {
            throw new GatewayException(
                    ProblemCode.FORBIDDEN,
                    "roles: " + caller.roles() + ", projects: " + caller.projects()
                            + " (expected: admin, or what a WordPress site of this gateway admits)");
        }
        throw GalleryRequests.bad("site", choice.site(), "one of " + open);
    }

    private List<String> open(Caller caller) {
        return configured.entrySet().stream()
                .filter(site -> site.getValue().admits(caller))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    private Mono<Sent> send(Image image, String site) {
        ImageObject object = image.object();
        if (object == null) {
            return Mono.error(new GatewayException(
                    ProblemCode.CONFLICT,
                    "Image " + image.id() + ": " + image.status().code()
                            + " without a file (expected: one that is stored)"));
        }
        String name = FileNames.claim(new EntryNames(), image, object.key());
        return store.open(new ObjectKey(object.key()))
                .switchIfEmpty(Mono.error(() -> FileRoutes.lost(image)))
                .flatMap(content -> sites.send(
                        site,
                        new WordPressMedia.MediaFile(
                                name,
                                MediaType.parseMediaType(object.contentType()),
                                object.size(),
                                Objects.requireNonNullElse(ImageJson.altText(image), ""),
                                content.bytes())))
                .map(sent -> sent(site, sent))
                .onErrorMap(ProviderException.class, WordPressRoutes::problem);
    }

    private static Sent sent(String site, UploadedMedia media) {
        return new Sent(site, media.id(), media.link(), media.sourceUrl(), media.warning());
    }

    private static GatewayException problem(ProviderException failure) {
        ProblemCode code = switch (failure.failure()) {
            case TIMED_OUT, STALLED -> ProblemCode.UPSTREAM_TIMEOUT;
            case OVERLOADED -> ProblemCode.OVERLOADED;
            case BUSY -> ProblemCode.PROVIDER_BUSY;
            case NOT_CONFIGURED -> ProblemCode.PROVIDER_NOT_CONFIGURED;
            case UNREACHABLE, UNCERTAIN, SERVER_ERROR, REFUSED, BLOCKED, FAILED, BROKEN_ANSWER, INCOMPLETE ->
                ProblemCode.UPSTREAM_FAILED;
        };
        GatewayException problem = new GatewayException(code, String.valueOf(failure.getMessage()), failure);
        return failure.retryAfter() == null ? problem : problem.retryAfter(failure.retryAfter());
    }
}
