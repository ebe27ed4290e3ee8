package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.feature.imageproxy.FailedTransforms.Failure;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.NoImage;
import dev.sluice.gateway.feature.imageproxy.ImageProxy.Result;
import dev.sluice.gateway.feature.imageproxy.ThumbnailMaker.Made;
import dev.sluice.gateway.outbound.imagecache.BufferedBody;
import dev.sluice.gateway.outbound.imagecache.ImageFetches;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.Kept;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.SendableImage;
import dev.sluice.gateway.outbound.imagecache.SingleFlight;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.ThumbnailKeys;
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
         * @param kept what became of it
         */
        record Image(SendableImage image, Kept kept) implements Outcome {}

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
     * @param held of the caller's request: takes whatever must be freed when that is over
     * @param decoding is run if an image is decoded on this caller's account
     */
    Mono<Result> get(String url, int width, Disposable.Composite held, Runnable decoding) {
        return store.openThumbnail(url, width, held)
                .filter(image -> proxy.left(image.meta()).isPositive())
                .map(image -> result(image, CacheStatus.hit(proxy.left(image.meta()))))
                .switchIfEmpty(Mono.defer(() -> ofOriginal(url, width, held, decoding)))
                .doOnNext(result -> meters.answered(result.status()))
                .onErrorMap(BudgetExhaustedException.class, ImageProxy::overloaded);
    }

    private Result result(SendableImage image, CacheStatus status) {
        return new Result(image, image.meta(), image.meta().age(clock.instant()), status);
    }

    private Mono<Result> ofOriginal(String url, int width, Disposable.Composite held, Runnable decoding) {
        Disposable.Composite borrowed = Disposables.composite();
        held.add(borrowed);
        return proxy.original(url, borrowed)
                .flatMap(original -> of(original, url, width, held)
                        .switchIfEmpty(Mono.defer(() -> join(original, url, width, held, decoding)
                                // The call has a hold of its own by now.
                                .doOnSubscribe(joined -> borrowed.dispose()))))
                .onErrorResume(error -> stale(error, url, width, held))
                .doFinally(end -> borrowed.dispose());
    }

    /** What can be sent without decoding. */
    private Mono<Result> of(Result original, String url, int width, Disposable.Composite held) {
        CachedMeta meta = original.image().meta();
        return meta.mediaType().equals(VECTOR)
                ? Mono.just(like(original, ImageProxy.hold(original.image().share(), held)))
                : find(meta, url, width, held).map(image -> like(original, image));
    }

    private Mono<SendableImage> find(CachedMeta original, String url, int width, Disposable.Composite held) {
        return store.openThumbnail(url, width, held)
                .filter(image ->
                        image.meta().isOf(original) || image.meta().etag().equals(original.etag()));
    }

    private static Result like(Result original, SendableImage image) {
        return new Result(image, image.meta().like(original.meta()), original.age(), original.status());
    }

    private Mono<Result> join(Result original, String url, int width, Disposable.Composite held, Runnable decoding) {
        CachedMeta meta = original.image().meta();
        Failure known = failures.find(meta);
        if (known != null) {
            return Mono.error(noThumbnail(known.exception(), CacheStatus.rememberedFailure(left(known)), known));
        }
        return singleFlight.join(
                meta.etag() + ThumbnailKeys.of(url, width),
                fetchResources -> {
                    SendableImage own = ImageProxy.hold(original.image().share(), fetchResources);
                    return makeUnlessFound(own, url, width, fetchResources, decoding);
                },
                (outcome, role) -> switch (outcome) {
                    case Outcome.Image(SendableImage image, Kept kept) ->
                        new Result(
                                ImageProxy.hold(image.share(), held),
                                image.meta().like(original.meta()),
                                original.age(),
                                CacheStatus.transformed(original.status(), role, kept));
                    case Outcome.Found(SendableImage image) -> like(original, ImageProxy.hold(image.share(), held));
                    case Outcome.Failed(TransformException failure) ->
                        throw noThumbnail(failure, CacheStatus.notTransformed(original.status()), failures.find(meta));
                });
    }

    private NoThumbnail noThumbnail(TransformException failure, CacheStatus status, @Nullable Failure known) {
        return new NoThumbnail(failure, status, known == null ? SHORTLY : left(known));
    }

    private Duration left(Failure known) {
        return Duration.between(clock.instant(), known.until());
    }

    /** Who found nothing may come just after another's call has ended. */
    private Mono<Outcome> makeUnlessFound(
            SendableImage original, String url, int width, Disposable.Composite held, Runnable decoding) {
        Failure known = failures.find(original.meta());
        return known != null
                ? Mono.just(new Outcome.Failed(known.exception()))
                : find(original.meta(), url, width, held)
                        .<Outcome>map(Outcome.Found::new)
                        .switchIfEmpty(Mono.defer(() -> {
                            decoding.run();
                            return make(original, width, held);
                        }));
    }

    private Mono<Outcome> make(SendableImage original, int width, Disposable.Composite held) {
        CachedMeta meta = original.meta();
        return meters.timedTransform(maker.make(original, width, held))
                .flatMap(made -> kept(made, original, width, held))
                .onErrorResume(TransformException.class, failure -> {
                    failures.remember(meta, failure);
                    return Mono.just(new Outcome.Failed(failure));
                });
    }

    private Mono<Outcome> kept(Made made, SendableImage original, int width, Disposable.Composite held) {
        return switch (made) {
            case Made.Smaller(BufferedBody bytes, CachedMeta meta) ->
                store.keepThumbnail(original.meta(), meta, bytes, held)
                        .<Outcome>map(image -> {
                            bytes.dispose();
                            return new Outcome.Image(image, Kept.STORED);
                        })
                        .switchIfEmpty(Mono.fromSupplier(
                                () -> new Outcome.Image(ImageProxy.hold(bytes.as(meta), held), Kept.NOT_STORED)));
            case Made.Original() ->
                store.keepAsThumbnail(original.meta(), width, held)
                        .map(stored -> new Outcome.Image(original, stored ? Kept.STORED : Kept.NOT_STORED));
        };
    }

    /** What is there instead of a failure, unless the failure means that there is none any more. */
    private Mono<Result> stale(Throwable error, String url, int width, Disposable.Composite held) {
        boolean helps = error instanceof NoImage none
                ? !ImageFetches.endsTheImage(none.failure())
                : ImageProxy.isOverload(error);
        Mono<Result> failure = Mono.error(error);
        return helps
                ? store.openThumbnail(url, width, held)
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
