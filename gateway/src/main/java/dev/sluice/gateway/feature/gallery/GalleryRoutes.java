package dev.sluice.gateway.feature.gallery;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.Gzip;
import dev.sluice.gateway.feature.gallery.GalleryRequests.Listing;
import dev.sluice.gateway.feature.gallery.GenerationProgress.GenerationJson;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageCursor;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.ImageUsages;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.OwnerStorage;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** Images as JSON: listed, shown, described, deleted, said to be in use. */
final class GalleryRoutes implements FeatureRoutes {
    static final String PATH = "/api/images";
    static final DataSize MAX_BODY = DataSize.ofKilobytes(16);
    private static final String ONE = PATH + "/{id}";
    private static final String USAGE = ONE + "/usages/{kind}/{ref}";
    private static final String ADMIN = "/api/admin/images";
    private static final int MOST_AT_ONCE = 100;
    /** Bytes: fewer fit into one packet as they are. */
    private static final int PACKED_FROM = 1_400;

    private final Gallery gallery;
    private final OwnerStorage storage;
    private final GenerationProgress progress;
    private final JsonMapper json;

    GalleryRoutes(Gallery gallery, OwnerStorage storage, GenerationProgress progress, JsonMapper json) {
        this.gallery = gallery;
        this.storage = storage;
        this.progress = progress;
        this.json = json;
    }

    /**
     * A part of a listing.
     *
     * @param page from 1; null for what follows a cursor
     * @param total images on all pages
     * @param pages how many pages there are
     * @param next the cursor of what follows; null if nothing does
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record PageJson(
            List<ImageJson> images,
            @Nullable Integer page,
            int size,
            long total,
            long pages,
            @Nullable String next) {}

    /**
     * An image, how far it is and what uses it.
     *
     * @param generation while it is being generated
     * @param usages by role and kind
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record DetailsJson(
            @JsonUnwrapped ImageJson image, @Nullable GenerationJson generation, List<ImageUsages.Count> usages) {}

    /**
     * What an image is to be called and described as. What is left out stays as it is; an empty text is none.
     *
     * @param name at most 255 characters
     * @param altText at most 500 characters
     */
    record Description(@Nullable String name, @Nullable String altText) {}

    /**
     * Several images.
     *
     * @param ids 1 to 100
     */
    record Several(@Nullable List<@Nullable String> ids) {}

    /**
     * What became of each.
     *
     * @param results in the order of the request
     */
    record Outcomes(List<Outcome> results) {}

    /**
     * What became of one.
     *
     * @param status {@code deleted} or {@code failed}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Outcome(
            UUID id,
            String status,
            @Nullable String code,
            @Nullable String detail) {}

    /**
     * How something uses an image.
     *
     * @param role for example {@code featured}
     */
    record Use(@Nullable String role) {}

    /**
     * What the caller's images take of the store.
     *
     * @param used bytes, with what is announced and what generations under way may bring
     * @param quota bytes
     */
    record StorageJson(long used, long quota) {}

    @Override
    public List<Endpoint> endpoints() {
        MediaType json = MediaType.APPLICATION_JSON;
        return List.of(
                Endpoint.get("gallery.list", PATH, json, this::list),
                Endpoint.get("gallery.storage", PATH + "/storage", json, this::storage),
                Endpoint.get("gallery.show", ONE, json, this::show),
                Endpoint.json("gallery.describe", HttpMethod.PATCH, ONE, MAX_BODY, json, this::describe),
                Endpoint.delete("gallery.delete", ONE, this::delete),
                Endpoint.postJson("gallery.bulk-delete", PATH + "/bulk-delete", MAX_BODY, json, this::deleteSeveral),
                Endpoint.json("gallery.use", HttpMethod.PUT, USAGE, MAX_BODY, MediaType.ALL, this::use),
                Endpoint.delete("gallery.release", USAGE, this::release),
                Endpoint.get("gallery.admin.list", ADMIN, json, this::listAll).openTo(Access.ADMIN),
                Endpoint.delete("gallery.admin.delete", ADMIN + "/{id}", this::deleteAny)
                        .openTo(Access.ADMIN));
    }

    private Mono<ServerResponse> list(ServerRequest request) {
        return page(request, Gallery.own(caller(request)), ImageJson::of);
    }

    private Mono<ServerResponse> storage(ServerRequest request) {
        return storage.of(caller(request).subject())
                .map(use -> new StorageJson(use.used(), use.quota()))
                .flatMap(GalleryRoutes::json);
    }

    private Mono<ServerResponse> listAll(ServerRequest request) {
        return page(request, Gallery.administered(caller(request)), ImageJson::withOwner);
    }

    private Mono<ServerResponse> page(ServerRequest request, ImageScope scope, Function<Image, ImageJson> view) {
        Listing listing = GalleryRequests.listing(request);
        ImageCursor after = listing.after();
        Mono<Images.Page> found = after == null
                ? gallery.list(scope, listing.filter(), listing.page(), listing.size())
                : gallery.list(scope, listing.filter(), after, listing.size());
        return found.flatMap(page -> packed(request, page(page, listing, view)));
    }

    /** A list is many times the same names: a tenth of it is left. It has what its caller may read and no secret. */
    private Mono<ServerResponse> packed(ServerRequest request, PageJson page) {
        byte[] plain = json.writeValueAsBytes(page);
        boolean gzipped =
                plain.length >= PACKED_FROM && Gzip.isAccepted(request.headers().asHttpHeaders());
        return ServerResponse.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .header(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING)
                .headers(headers -> {
                    if (gzipped) {
                        headers.set(HttpHeaders.CONTENT_ENCODING, Gzip.NAME);
                    }
                })
                .bodyValue(gzipped ? Gzip.of(plain) : plain);
    }

    private static PageJson page(Images.Page page, Listing listing, Function<Image, ImageJson> view) {
        ImageCursor next = page.next();
        return new PageJson(
                page.images().stream().map(view).toList(),
                listing.after() == null ? listing.page() : null,
                listing.size(),
                page.total(),
                Math.ceilDiv(page.total(), (long) listing.size()),
                next == null ? null : next.text());
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        UUID id = GalleryRequests.id(request);
        ImageScope scope = Gallery.own(caller(request));
        return Mono.zip(gallery.find(id, scope), gallery.usages(id, scope))
                .flatMap(found -> details(found.getT1(), found.getT2()))
                .flatMap(GalleryRoutes::json);
    }

    private Mono<DetailsJson> details(Image image, List<ImageUsages.Count> usages) {
        ImageJson shown = ImageJson.of(image);
        return progress.of(image)
                .map(generation -> new DetailsJson(shown, generation, usages))
                .defaultIfEmpty(new DetailsJson(shown, null, usages));
    }

    private Mono<ServerResponse> describe(ServerRequest request) {
        UUID id = GalleryRequests.id(request);
        return read(request, Description.class, "name or altText")
                .flatMap(wanted -> gallery.describe(
                        id, Gallery.own(caller(request)), GalleryRequests.description(wanted.name(), wanted.altText())))
                .flatMap(image -> json(ImageJson.of(image)));
    }

    private Mono<ServerResponse> delete(ServerRequest request) {
        return gallery.delete(GalleryRequests.id(request), Gallery.own(caller(request)))
                .then(ServerResponse.noContent().build());
    }

    private Mono<ServerResponse> deleteAny(ServerRequest request) {
        return gallery.delete(GalleryRequests.id(request), Gallery.administered(caller(request)))
                .then(ServerResponse.noContent().build());
    }

    private Mono<ServerResponse> deleteSeveral(ServerRequest request) {
        ImageScope scope = Gallery.own(caller(request));
        return read(request, Several.class, "ids")
                .map(GalleryRoutes::ids)
                .flatMapMany(Flux::fromIterable)
                .concatMap(id -> outcome(id, scope))
                .collectList()
                .flatMap(results -> json(new Outcomes(results)));
    }

    private static List<UUID> ids(Several several) {
        List<@Nullable String> given = several.ids();
        if (given == null || given.isEmpty() || given.size() > MOST_AT_ONCE) {
            throw GalleryRequests.bad(
                    "ids", given == null ? "none" : given.size() + " of them", "1 to " + MOST_AT_ONCE);
        }
        List<UUID> ids = new ArrayList<>();
        for (String id : given) {
            ids.add(GalleryRequests.uuid("ids[" + ids.size() + "]", id));
        }
        return ids.stream().distinct().toList();
    }

    /** One that fails costs no other, and says itself why. */
    private Mono<Outcome> outcome(UUID id, ImageScope scope) {
        return gallery.delete(id, scope)
                .onErrorMap(StorageProblems::of)
                .thenReturn(new Outcome(id, "deleted", null, null))
                .onErrorResume(
                        GatewayException.class,
                        refused -> Mono.just(
                                new Outcome(id, "failed", refused.code().code(), refused.detail())));
    }

    private Mono<ServerResponse> use(ServerRequest request) {
        UUID id = GalleryRequests.id(request);
        String kind = GalleryRequests.name(request, "kind");
        String ref = GalleryRequests.name(request, "ref");
        return read(request, Use.class, "role")
                .flatMap(use -> gallery.use(
                        id, Gallery.usable(caller(request)), kind, ref, GalleryRequests.name("role", use.role())))
                .then(ServerResponse.noContent().build());
    }

    private Mono<ServerResponse> release(ServerRequest request) {
        return gallery.release(
                        GalleryRequests.id(request),
                        Gallery.usable(caller(request)),
                        GalleryRequests.name(request, "kind"),
                        GalleryRequests.name(request, "ref"))
                .then(ServerResponse.noContent().build());
    }

    static Caller caller(ServerRequest request) {
        return RequestContext.of(request.exchange()).caller();
    }

    static <T> Mono<T> read(ServerRequest request, Class<T> type, String member) {
        return request.bodyToMono(type)
                .switchIfEmpty(
                        Mono.error(() -> GalleryRequests.bad("body", "nothing", "a JSON object with " + member)));
    }

    static Mono<ServerResponse> json(Object body) {
        return ServerResponse.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .bodyValue(body);
    }
}
