package dev.sluice.gateway.feature.imageproxy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.imageproxy.KnownFailures.Failure;
import dev.sluice.gateway.outbound.fetch.FetchException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
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
    private final KnownFailures failures;
    private final ImageProxy proxy;

    CacheRoutes(ProxyUrls urls, ImageStore store, KnownFailures failures, ImageProxy proxy) {
        this.urls = urls;
        this.store = store;
        this.failures = failures;
        this.proxy = proxy;
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
     * @param image what is kept, if anything is
     * @param failure what went wrong a moment ago, if anything did
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Entry(
            String url,
            State state,
            @Nullable KeptImage image,
            @Nullable KnownFailure failure) {}

    /**
     * A kept image.
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
    record KeptImage(
            String contentType,
            long size,
            String etag,
            Instant storedAt,
            Instant expiresAt,
            @Nullable String originEtag,
            @Nullable String originLastModified) {}

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
        CachedMeta meta = store.find(url);
        Failure failure = failures.find(url);
        return meta == null && failure == null
                ? Mono.error(unknown())
                : ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .bodyValue(entry(url, meta, failure));
    }

    private Mono<ServerResponse> purge(ServerRequest request) {
        String url = canonical(request);
        boolean forgotten = failures.forget(url);
        String admin = Caller.of(request.exchange()).subject();
        return store.purge(url).flatMap(purged -> {
            LOG.info("{} purged {} from the image cache: {}", admin, url, purged || forgotten ? "done" : "not there");
            return purged || forgotten ? ServerResponse.noContent().build() : Mono.error(unknown());
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

    private Entry entry(String url, @Nullable CachedMeta meta, @Nullable Failure failure) {
        KnownFailure known = failure == null
                ? null
                : new KnownFailure(failure.exception().failure().code(), failure.until());
        if (meta == null) {
            return new Entry(url, State.FAILED, null, known);
        }
        KeptImage image = new KeptImage(
                meta.mediaType(),
                meta.length(),
                meta.etag(),
                meta.storedAt(),
                meta.storedAt().plus(store.ttl()),
                meta.originEtag(),
                meta.originLastModified());
        return new Entry(url, proxy.left(meta).isPositive() ? State.FRESH : State.STALE, image, known);
    }

    private static GatewayException unknown() {
        return new GatewayException(ProblemCode.NOT_FOUND, "The cache has nothing of this URL.");
    }
}
