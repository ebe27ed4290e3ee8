package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.contract.http.HttpDate;
import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.NoImage;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.Result;
import dev.sluice.gateway.feature.imageproxy.ImageQueries.ImageQuery;
import dev.sluice.gateway.feature.imageproxy.SignedUrls.SignedUrl;
import dev.sluice.gateway.feature.imageproxy.ThumbnailProxy.NoThumbnail;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;

/** The image proxy over HTTP. */
final class ImageProxyRoutes implements FeatureRoutes {
    static final String PATH = "/api/image-proxy";

    private static final DataSize MAX_BODY = DataSize.ofMegabytes(1); // 100 URLs of the longest kind

    /** What the system takes at once, however slowly its client reads: not worth a timer for each. */
    private static final long SMALL = 128 * 1024;

    /** An image may be an SVG with scripts in it: opened by itself it runs none and reaches nothing. */
    private static final String SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

    private final ImageProxy proxy;
    private final ThumbnailProxy thumbnails;
    private final ProxyUrls urls;
    private final ImageQueries queries;
    private final SignedUrls signedUrls;
    private final ImageProxyMeters meters;
    private final int maxUrls;
    private final int transformCost;
    private final ClientCaching caching;
    private final LongFunction<Duration> longestReading;

    ImageProxyRoutes(
            ImageProxy proxy,
            ThumbnailProxy thumbnails,
            ProxyUrls urls,
            SignedUrls signedUrls,
            ImageProxyMeters meters,
            ImageProxyProperties properties) {
        this.proxy = proxy;
        this.thumbnails = thumbnails;
        this.urls = urls;
        this.queries = new ImageQueries(urls);
        this.signedUrls = signedUrls;
        this.meters = meters;
        this.maxUrls = properties.maxUrls();
        this.transformCost = properties.transformCost();
        this.longestReading = properties::longestReading;
        this.caching = new ClientCaching(properties.maxAge(), properties.staleWhileRevalidate());
    }

    /**
     * Which images to sign URLs for.
     *
     * @param urls one or more
     * @param widths at which each is to be had too; null for none
     */
    record SignRequest(
            @Nullable List<@Nullable String> urls, @Nullable List<@Nullable Number> widths) {}

    /**
     * The signed URLs, in the order of the request.
     *
     * @param urls one for each
     */
    record SignedUrlList(List<SignedUrl> urls) {}

    @Override
    public List<Endpoint> endpoints() {
        Endpoint show =
                Endpoint.get("image.proxy", PATH, MediaType.ALL, this::show).orWithCredential(signedUrls::admits);
        return List.of(
                show,
                show.head(),
                Endpoint.postJson("image.sign", PATH + "/urls", MAX_BODY, MediaType.APPLICATION_JSON, this::sign));
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        return Mono.defer(() -> image(request))
                .doOnNext(result -> readInTime(request, result))
                .flatMap(result -> representation(request, result).answer(request))
                .onErrorMap(error -> mapped(error, request));
    }

    /** Who takes longer for an image than the slowest reader does is cut off. */
    private void readInTime(ServerRequest request, Result result) {
        if (result.meta().length() <= SMALL) {
            return;
        }
        HttpServerRequest received =
                ServerHttpRequestDecorator.getNativeRequest(request.exchange().getRequest());
        Runnable cut = () -> received.withConnection(connection -> {
            var _ = connection.channel().close();
        });
        result.image()
                .until(Schedulers.parallel()
                        .schedule(
                                cut,
                                longestReading.apply(result.meta().length()).toNanos(),
                                TimeUnit.NANOSECONDS));
    }

    private Throwable mapped(Throwable error, ServerRequest request) {
        return switch (error) {
            case NoImage none -> {
                failed(request, none.status(), none.failure().failure().code());
                yield problem(none.failure());
            }
            case NoThumbnail none -> {
                failed(request, none.status(), none.reason());
                yield none.problem();
            }
            default -> error;
        };
    }

    private Mono<Result> image(ServerRequest request) {
        RequestUsage usage = RequestContext.of(request.exchange()).usage();
        usage.add(RequestUsage.IMAGES, 1);
        ImageQuery asked = asked(request);
        Integer width = asked.width();
        Disposable.Composite resources = RequestContext.of(request.exchange()).resources();
        return width == null
                ? proxy.get(asked.url(), resources)
                : thumbnails.get(
                        asked.url(), width, resources, () -> usage.add(RequestUsage.IMAGES, transformCost - 1));
    }

    private void failed(ServerRequest request, CacheStatus status, String reason) {
        meters.failed(status, reason);
        request.exchange().getResponse().getHeaders().set(CacheStatus.HEADER, status.field());
    }

    private ImageQuery asked(ServerRequest request) {
        try {
            return queries.of(request);
        } catch (FetchException refused) {
            throw ImageProxy.noImage(refused, CacheStatus.failed(0));
        }
    }

    private Representation representation(ServerRequest request, Result result) {
        CachedMeta meta = result.meta();
        Duration left = signedUrls.left(request);
        // A page of another site may show what was signed for that, and nothing by the session of its visitor.
        String sharing = left != null && asked(request).forOtherSites() ? "cross-origin" : "same-site";
        return new Representation(
                MediaType.parseMediaType(meta.mediaType()),
                meta.length(),
                meta.etag(),
                HttpDate.parse(meta.originLastModified()),
                headers -> {
                    headers.set(HttpHeaders.CACHE_CONTROL, caching.of(meta, left));
                    headers.set(HttpHeaders.AGE, Long.toString(result.age().toSeconds()));
                    headers.set(CacheStatus.HEADER, result.status().field());
                    headers.set("X-Content-Type-Options", "nosniff");
                    headers.set("Content-Security-Policy", SANDBOX);
                    headers.set("Cross-Origin-Resource-Policy", sharing);
                },
                meters.counted(result.image()));
    }

    private static GatewayException problem(FetchException failure) {
        ProblemCode code = failure.isGone()
                ? ProblemCode.NOT_FOUND
                : failure.failure() == FetchFailure.NOT_AN_IMAGE
                        ? ProblemCode.NOT_AN_IMAGE
                        : ProblemCode.UPSTREAM_FAILED;
        return new GatewayException(code, failure.getMessage() + ".", failure)
                .with("reason", failure.failure().code());
    }

    private Mono<ServerResponse> sign(ServerRequest request) {
        return request.bodyToMono(SignRequest.class)
                .switchIfEmpty(Mono.error(() -> malformed("body", "nothing", "a JSON object with urls")))
                .map(this::signed)
                .flatMap(signed -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .bodyValue(signed));
    }

    private SignedUrlList signed(SignRequest wanted) {
        List<@Nullable String> given = wanted.urls();
        if (given == null || given.isEmpty() || given.size() > maxUrls) {
            throw malformed("urls", given == null ? "none" : given.size() + " URLs", "1 to " + maxUrls + " URLs");
        }
        List<@Nullable Number> named = wanted.widths();
        List<Integer> widths = named == null ? null : RequestedWidths.all(named);
        List<SignedUrl> signed = new ArrayList<>();
        for (int index = 0; index < given.size(); index++) {
            String member = "urls[" + index + "]";
            String url = given.get(index);
            try {
                urls.canonical(member, url);
            } catch (FetchException refused) {
                throw GatewayException.badMember(
                        ProblemCode.INVALID_URL, member, url, "a public address. " + refused.getMessage());
            }
            signed.add(signedUrls.sign(String.valueOf(url), widths));
        }
        return new SignedUrlList(signed);
    }

    private static GatewayException malformed(String member, String value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
