package dev.sluice.gateway.feature.imageproxy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.NegativeCache;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** What the cache has of one URL, for admins, and how to make it forget that. */
final class CacheRoutes implements FeatureRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(CacheRoutes.class);
    private static final String PATH = "/api/admin/image-proxy";

    private final ProxyUrls urls;
    private final ImageStore store;
    private final NegativeCache<FetchException> failures;
    private final FailedTransforms transforms;
    private final ImageProxy proxy;
    private final SharedPurges purges;

    CacheRoutes(
            ProxyUrls urls,
            ImageStore store,
            NegativeCache<FetchException> failures,
            FailedTransforms transforms,
            ImageProxy proxy,
            SharedPurges purges) {
        this.urls = urls;
        this.store = store;
        this.failures = failures;
        this.transforms = transforms;
        this.proxy = proxy;
        this.purges = purges;
    }

    /** What a request for the image would meet. */
    enum State {
        /** It is shown without asking its origin. */
        FRESH,
        /** Its origin is asked first, and it is shown if that fails. */
        STALE,
        /** Its origin has failed a moment ago and is not asked. */
        FAILED;

        @JsonValue
        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What is known of one URL.
     *
     * @param url canonical
     * @param state what a request would meet
     * @param image what is stored, if anything is
     * @param thumbnails smaller copies that are stored, narrowest first
     * @param failure what went wrong a moment ago, if anything did
     * @param thumbnailFailure why it could not be made smaller a moment ago, if it could not
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Entry(
            String url,
            State state,
            @Nullable CachedImage image,
            List<CachedThumbnail> thumbnails,
            @Nullable KnownFailure failure,
            @Nullable KnownFailure thumbnailFailure) {}

    /**
     * A stored image.
     *
     * @param contentType as it is sent
     * @param size in bytes
     * @param etag as it is sent
     * @param storedAt when its origin last sent or confirmed it
     * @param expiresAt until when it is shown without asking
     * @param originEtag what its origin calls it
     * @param originLastModified when its origin says it changed
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record CachedImage(
            String contentType,
            long size,
            String etag,
            Instant storedAt,
            Instant expiresAt,
            @Nullable String originEtag,
            @Nullable String originLastModified) {}

    /**
     * A smaller copy of a stored image.
     *
     * @param width at which it is sent, in pixels
     * @param contentType as it is sent
     * @param size in bytes
     * @param etag as it is sent
     */
    record CachedThumbnail(int width, String contentType, long size, String etag) {}

    /**
     * A failure that is taken for granted for a moment.
     *
     * @param code why
     * @param until until when
     */
    record KnownFailure(String code, Instant until) {}

    @Override
    public List<Endpoint> endpoints() {
        return List.of(
                Endpoint.get("image.cache.show", PATH, MediaType.APPLICATION_JSON, this::show)
                        .openTo(Access.ADMIN),
                Endpoint.delete("image.cache.purge", PATH, this::purge).openTo(Access.ADMIN));
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        String url = canonical(request);
        return Mono.justOrEmpty(entry(url))
                .switchIfEmpty(Mono.error(CacheRoutes::unknown))
                .flatMap(entry -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .bodyValue(entry));
    }

    private Mono<ServerResponse> purge(ServerRequest request) {
        String url = canonical(request);
        String admin = RequestContext.of(request.exchange()).caller().subject();
        return purges.purge(url).flatMap(known -> {
            LOG.info("{} purged {} from the image cache: {}", admin, url, known ? "done" : "not there");
            return known ? ServerResponse.noContent().build() : Mono.error(unknown());
        });
    }

    private String canonical(ServerRequest request) {
        try {
            return urls.canonical("url", request.queryParam("url").orElse(null));
        } catch (FetchException refused) {
            throw GatewayException.badMember(
                    ProblemCode.INVALID_URL, "url", request.queryParam("url").orElse(null), "a public address");
        }
    }

    private @Nullable Entry entry(String url) {
        CachedMeta meta = store.find(url);
        List<CachedMeta> thumbnails = store.findThumbnails(url);
        KnownFailure failure =
                failure(failures.find(url), exception -> exception.failure().code());
        KnownFailure transform =
                failure(transforms.find(url), known -> known.exception().reason());
        CachedMeta any = meta != null || thumbnails.isEmpty() ? meta : thumbnails.getFirst();
        if (any == null && failure == null) {
            return null;
        }
        return new Entry(url, state(any), image(meta), thumbnails(url, thumbnails), failure, transform);
    }

    private State state(@Nullable CachedMeta meta) {
        return meta == null ? State.FAILED : proxy.left(meta).isPositive() ? State.FRESH : State.STALE;
    }

    private @Nullable CachedImage image(@Nullable CachedMeta meta) {
        return meta == null
                ? null
                : new CachedImage(
                        meta.mediaType(),
                        meta.length(),
                        meta.etag(),
                        meta.storedAt(),
                        meta.storedAt().plus(store.ttl()),
                        meta.originEtag(),
                        meta.originLastModified());
    }

    /** Without those widths at which the original itself is sent. */
    private static List<CachedThumbnail> thumbnails(String url, List<CachedMeta> stored) {
        List<CachedThumbnail> shown = new ArrayList<>();
        for (int width : Pictures.WIDTHS) {
            stored.stream()
                    .filter(meta -> meta.url().equals(CachedMeta.thumbnailKey(url, width)) && meta.length() > 0)
                    .map(meta -> new CachedThumbnail(width, meta.mediaType(), meta.length(), meta.etag()))
                    .forEach(shown::add);
        }
        return shown;
    }

    private static <F> @Nullable KnownFailure failure(
            NegativeCache.@Nullable Remembered<F> known, Function<F, String> code) {
        return known == null ? null : new KnownFailure(code.apply(known.failure()), known.until());
    }

    private static GatewayException unknown() {
        return new GatewayException(ProblemCode.NOT_FOUND, "The cache has nothing of this URL.");
    }
}
