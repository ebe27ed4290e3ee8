package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.feature.imageproxy.FailedTransforms.Failure;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.NoImage;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.Result;
import dev.sluice.gateway.feature.imageproxy.ThumbnailMaker.Made;
import dev.sluice.gateway.outbound.imagecache.BufferedBody;
import dev.sluice.gateway.outbound.imagecache.ImageFetches;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.StoreResult;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.NegativeCache.Remembered;
import dev.sluice.gateway.outbound.imagecache.SingleFlight;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.zipstream.BudgetExhaustedException;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

/**
 * One image at one width for one caller: from the cache while it is fresh, else from its original, which
 * {@link ImageProxy} has or fetches, and which is decoded once for all who want the same width of it at the same time.
 *
 * <pre>
 * fresh at this width ────────────────────────────────────────────────────→ hit
 * else the original:  of the same ETag as this width's ───────────────────→ sent, as fresh as the original
 *                     another, or nothing at this width ─→ decoded: stored │ fails → remembered for a moment, and told
 *                     cannot be had ─→ gone: told │ fails → this width is shown as it is, if it is there
 * </pre>
 */
final class ThumbnailProxy {
    private static final Duration SHORTLY = Duration.ofSeconds(1);

    /** Text that draws itself in any size; there is nothing to be gained from pixels. */
    private static final String VECTOR = "image/svg+xml";

    private final ImageProxy proxy;
    private final ThumbnailMaker maker;
    private final ImageStore store;
    private final FailedTransforms failures;
    private final SingleFlight<Outcome> singleFlight;
    private final ImageProxyMeters meters;
    private final Clock clock;

    ThumbnailProxy(
            ImageProxy proxy,
            ThumbnailMaker maker,
            ImageStore store,
            FailedTransforms failures,
            SingleFlight<Outcome> singleFlight,
            ImageProxyMeters meters,
            Clock clock) {
        this.proxy = proxy;
        this.maker = maker;
        this.store = store;
        this.failures = failures;
        this.singleFlight = singleFlight;
        this.meters = meters;
        this.clock = clock;
    }

    /** No image at this width though there is an original, and how the cache took part in that. */
    static final class NoThumbnail extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient TransformException failure;
        private final transient CacheStatus status;
        private final Duration retryAfter;

        private NoThumbnail(TransformException failure, CacheStatus status, Duration retryAfter) {
            super(failure.getMessage(), failure, false, false);
            this.failure = failure;
            this.status = status;
            this.retryAfter = retryAfter;
        }

        CacheStatus status() {
            return status;
        }

        String reason() {
            return failure.reason();
        }

        /** What the caller is told. */
        GatewayException problem() {
            GatewayException problem = new GatewayException(failure.kind().code(), failure.getMessage() + ".", failure)
                    .with("reason", failure.reason());
            return failure.kind() == TransformException.Kind.IMAGE ? problem : problem.retryAfter(retryAfter);
        }
    }

    /** What a call through the decoder came back with. */
    sealed interface Outcome {
        /**
         * What is to be sent.
         *
         * @param image held by the call
         * @param result what became of it
         */
        record Image(SendableImage image, StoreResult result) implements Outcome {}

        /**
         * What came into the cache just before.
         *
         * @param image held by the call
         */
        record Found(SendableImage image) implements Outcome {}

        /**
         * No image.
         *
         * @param exception why
         */
        record Failed(TransformException exception) implements Outcome {}
    }

    /**
     * The image at {@code url}, at most {@code width} pixels wide.
     *
     * <p>Fails with {@link NoImage}, {@link NoThumbnail}, or with {@link GatewayException} {@code overloaded}.
     *
     * @param url canonical
     * @param width one of the closed set
     * @param resources of the caller's request: takes whatever must be freed when that is over
     * @param decoding is run if an image is decoded on this caller's account
     */
    Mono<Result> get(String url, int width, Disposable.Composite resources, Runnable decoding) {
        return store.openThumbnail(url, width, resources)
                .filter(image -> proxy.left(image.meta()).isPositive())
                .map(image -> result(image, CacheStatus.hit(proxy.left(image.meta()))))
                .switchIfEmpty(Mono.defer(() -> ofOriginal(url, width, resources, decoding)))
                .doOnNext(result -> meters.answered(result.status()))
                .onErrorMap(BudgetExhaustedException.class, ImageProxy::overloaded);
    }

    private Result result(SendableImage image, CacheStatus status) {
        return new Result(image, image.meta(), image.meta().age(clock.instant()), status);
    }

    private Mono<Result> ofOriginal(String url, int width, Disposable.Composite resources, Runnable decoding) {
        Disposable.Composite borrowed = Disposables.composite();
        resources.add(borrowed);
        return proxy.original(url, borrowed)
                .flatMap(original -> of(original, url, width, resources)
                        .switchIfEmpty(Mono.defer(() -> join(original, url, width, resources, decoding)
                                // The call shares the image by now.
                                .doOnSubscribe(joined -> borrowed.dispose()))))
                .onErrorResume(error -> stale(error, url, width, resources))
                .doFinally(end -> borrowed.dispose());
    }

    /** What can be sent without decoding. */
    private Mono<Result> of(Result original, String url, int width, Disposable.Composite resources) {
        CachedMeta meta = original.image().meta();
        return meta.mediaType().equals(VECTOR)
                ? Mono.just(like(original, original.image().share().disposedWith(resources)))
                : find(meta, url, width, resources).map(image -> like(original, image));
    }

    private Mono<SendableImage> find(CachedMeta original, String url, int width, Disposable.Composite resources) {
        return store.openThumbnail(url, width, resources)
                .filter(image ->
                        image.meta().isOf(original) || image.meta().etag().equals(original.etag()));
    }

    private static Result like(Result original, SendableImage image) {
        return new Result(image, image.meta().like(original.meta()), original.age(), original.status());
    }

    private Mono<Result> join(
            Result original, String url, int width, Disposable.Composite resources, Runnable decoding) {
        CachedMeta meta = original.image().meta();
        Remembered<Failure> known = failures.find(meta);
        if (known != null) {
            return Mono.error(
                    noThumbnail(known.failure().exception(), CacheStatus.rememberedFailure(left(known)), known));
        }
        return singleFlight.join(
                meta.etag() + CachedMeta.thumbnailKey(url, width),
                fetchResources -> {
                    SendableImage own = original.image().share().disposedWith(fetchResources);
                    return makeUnlessFound(own, url, width, fetchResources, decoding);
                },
                (outcome, role) -> switch (outcome) {
                    case Outcome.Image(SendableImage image, StoreResult result) ->
                        new Result(
                                image.share().disposedWith(resources),
                                image.meta().like(original.meta()),
                                original.age(),
                                CacheStatus.transformed(original.status(), role, result));
                    case Outcome.Found(SendableImage image) ->
                        like(original, image.share().disposedWith(resources));
                    case Outcome.Failed(TransformException failure) ->
                        throw noThumbnail(failure, CacheStatus.notTransformed(original.status()), failures.find(meta));
                });
    }

    private NoThumbnail noThumbnail(
            TransformException failure, CacheStatus status, @Nullable Remembered<Failure> known) {
        return new NoThumbnail(failure, status, known == null ? SHORTLY : left(known));
    }

    private Duration left(Remembered<Failure> known) {
        return Duration.between(clock.instant(), known.until());
    }

    /** Who found nothing may come just after another's call has ended. */
    private Mono<Outcome> makeUnlessFound(
            SendableImage original, String url, int width, Disposable.Composite resources, Runnable decoding) {
        Remembered<Failure> known = failures.find(original.meta());
        return known != null
                ? Mono.just(new Outcome.Failed(known.failure().exception()))
                : find(original.meta(), url, width, resources)
                        .<Outcome>map(Outcome.Found::new)
                        .switchIfEmpty(Mono.defer(() -> {
                            decoding.run();
                            return make(original, width, resources);
                        }));
    }

    private Mono<Outcome> make(SendableImage original, int width, Disposable.Composite resources) {
        CachedMeta meta = original.meta();
        return meters.timedTransform(maker.make(original, width, resources))
                .flatMap(made -> stored(made, original, width, resources))
                .onErrorResume(TransformException.class, failure -> {
                    failures.remember(meta, failure);
                    return Mono.just(new Outcome.Failed(failure));
                });
    }

    private Mono<Outcome> stored(Made made, SendableImage original, int width, Disposable.Composite resources) {
        return switch (made) {
            case Made.Smaller(BufferedBody bytes, CachedMeta meta) ->
                store.putThumbnail(original.meta(), meta, bytes, resources)
                        .<Outcome>map(image -> {
                            bytes.dispose();
                            return new Outcome.Image(image, StoreResult.STORED);
                        })
                        .switchIfEmpty(Mono.fromSupplier(() ->
                                new Outcome.Image(bytes.as(meta).disposedWith(resources), StoreResult.NOT_STORED)));
            case Made.Original() ->
                store.putOriginalAsThumbnail(original.meta(), width, resources)
                        .map(stored ->
                                new Outcome.Image(original, stored ? StoreResult.STORED : StoreResult.NOT_STORED));
        };
    }

    /** What is there instead of a failure, unless the failure means that there is none any more. */
    private Mono<Result> stale(Throwable error, String url, int width, Disposable.Composite resources) {
        boolean helps = error instanceof NoImage none
                ? !ImageFetches.endsTheImage(none.failure())
                : ImageProxy.isOverload(error);
        Mono<Result> failure = Mono.error(error);
        return helps
                ? store.openThumbnail(url, width, resources)
                        .filter(image -> !image.meta().isBound())
                        .map(image -> result(image, stale(error, image)))
                        .switchIfEmpty(failure)
                : failure;
    }

    private CacheStatus stale(Throwable error, SendableImage image) {
        if (!(error instanceof NoImage none)) {
            return CacheStatus.stale(0);
        }
        return none.status().forward().isEmpty()
                ? CacheStatus.staleAgain(proxy.left(image.meta()).abs())
                : CacheStatus.stale(none.failure().status());
    }
}
