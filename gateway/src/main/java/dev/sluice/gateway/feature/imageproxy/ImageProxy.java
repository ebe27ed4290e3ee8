package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.imagecache.ImageFetches;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.Outcome;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.StoreResult;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.NegativeCache.Remembered;
import dev.sluice.gateway.outbound.imagecache.SingleFlight.Role;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.zipstream.BudgetExhaustedException;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * One image for one caller: from the cache while it is fresh, else from its origin, which is asked once for all who
 * want the same image at the same time.
 *
 * <pre>
 * fresh in the cache ──────────────────────────────────────────────→ hit
 * past its time ─→ origin: 304 → renewed │ 200 → replaced │ 404, 410, refused → forgotten │ fails → shown as it is
 * not there ─────→ origin: 200 → stored  │ fails → remembered for a moment, and told
 * </pre>
 *
 * An image is whole before anybody is sent a byte of it: what turns out too large, or no image, is never a short 200.
 */
final class ImageProxy {
    private static final Duration SHORTLY = Duration.ofSeconds(1);

    private final ImageFetches fetches;
    private final ImageStore store;
    private final ImageProxyMeters meters;
    private final Clock clock;
    private final ImageFetches.Need fresh = new ImageFetches.Need() {
        @Override
        public boolean isMetBy(CachedMeta stored) {
            return left(stored).isPositive();
        }

        @Override
        public boolean isWorthStoring(CachedMeta arrived) {
            return true;
        }

        @Override
        public boolean usesNegativeCache() {
            return true;
        }
    };

    ImageProxy(ImageFetches fetches, ImageStore store, ImageProxyMeters meters, Clock clock) {
        this.fetches = fetches;
        this.store = store;
        this.meters = meters;
        this.clock = clock;
    }

    /**
     * What is sent to one caller.
     *
     * @param image held by the caller's request
     * @param meta what is known of it now, its origin's last answer included
     * @param age since its origin made or confirmed it
     * @param status how the cache took part
     */
    record Result(SendableImage image, CachedMeta meta, Duration age, CacheStatus status) {}

    /** No image, and how the cache took part in that. */
    static final class NoImage extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient FetchException failure;
        private final transient CacheStatus status;

        NoImage(FetchException failure, CacheStatus status) {
            super(failure.getMessage(), failure, false, false);
            this.failure = failure;
            this.status = status;
        }

        FetchException failure() {
            return failure;
        }

        CacheStatus status() {
            return status;
        }
    }

    /**
     * The image at {@code url}.
     *
     * <p>Fails with {@link NoImage}, or with {@link GatewayException} {@code overloaded}.
     *
     * @param url canonical
     * @param resources of the caller's request: takes whatever must be freed when that is over
     */
    Mono<Result> get(String url, Disposable.Composite resources) {
        return Mono.defer(() -> {
            Result hit = hit(url, resources);
            if (hit == null) {
                return original(url, resources).doOnNext(result -> meters.answered(result.status()));
            }
            meters.answered(hit.status());
            return Mono.just(hit);
        });
    }

    /** What most requests come to, without a word to anybody else; null for all others. */
    private @Nullable Result hit(String url, Disposable.Composite resources) {
        SendableImage image = store.openNow(url);
        if (image == null) {
            return null;
        }
        Duration left = left(image.meta());
        if (left.isPositive()) {
            return result(image.disposedWith(resources), CacheStatus.hit(left));
        }
        image.dispose();
        return null;
    }

    /** As {@link #get}, for one who makes something of the image, and counts that. */
    Mono<Result> original(String url, Disposable.Composite resources) {
        return store.open(url)
                .map(image -> image.disposedWith(resources))
                .flatMap(image -> cached(url, image, resources))
                .switchIfEmpty(Mono.defer(() -> missing(url, resources)))
                .onErrorMap(BudgetExhaustedException.class, ImageProxy::overloaded);
    }

    /** How long an image is still fresh; not positive when it is not. */
    Duration left(CachedMeta meta) {
        return fetches.left(meta);
    }

    private Mono<Result> cached(String url, SendableImage image, Disposable.Composite resources) {
        Duration left = left(image.meta());
        if (left.isPositive()) {
            return Mono.just(result(image, CacheStatus.hit(left)));
        }
        CachedMeta old = image.meta();
        Remembered<FetchException> known = fetches.rememberedFailure(url);
        if (known != null) {
            return old.isBound()
                    ? Mono.error(rememberedFailure(known))
                    : Mono.just(result(image, CacheStatus.staleAgain(left.abs())));
        }
        Mono<Result> asked = fetches.join(url, old, fresh, (outcome, role) -> switch (outcome) {
            case Outcome.Image fetched ->
                result(fetched.image().share().disposedWith(resources), CacheStatus.replaced(fetched.result()));
            case Outcome.Found found -> found(found, resources);
            case Outcome.Renewed(CachedMeta now) -> new Result(image, now, Duration.ZERO, CacheStatus.revalidated());
            case Outcome.Failed failed -> stale(image, failed.exception());
        });
        return asked.onErrorResume(
                busy -> isOverload(busy) && !old.isBound(), busy -> Mono.just(result(image, CacheStatus.stale(0))));
    }

    /** There is no room for asking an origin now. */
    static boolean isOverload(Throwable error) {
        return error instanceof BudgetExhaustedException
                || (error instanceof GatewayException refused && refused.code() == ProblemCode.OVERLOADED);
    }

    private Mono<Result> missing(String url, Disposable.Composite resources) {
        Remembered<FetchException> known = fetches.rememberedFailure(url);
        if (known != null) {
            return Mono.error(rememberedFailure(known));
        }
        return fetches.join(url, null, fresh, (outcome, role) -> switch (outcome) {
            case Outcome.Image fetched ->
                result(fetched.image().share().disposedWith(resources), status(role, fetched.result()));
            case Outcome.Found found -> found(found, resources);
            case Outcome.Renewed renewed -> throw ImageFetches.unasked();
            case Outcome.Failed failed ->
                throw noImage(
                        failed.exception(),
                        CacheStatus.failed(failed.exception().status()));
        });
    }

    private NoImage rememberedFailure(Remembered<FetchException> known) {
        return noImage(
                known.failure(), CacheStatus.rememberedFailure(Duration.between(clock.instant(), known.until())));
    }

    private Result found(Outcome.Found found, Disposable.Composite resources) {
        SendableImage image = found.image().share().disposedWith(resources);
        return result(image, CacheStatus.hit(left(image.meta())));
    }

    private CacheStatus status(Role role, StoreResult result) {
        return store.enabled() ? CacheStatus.miss(role, result) : CacheStatus.bypass();
    }

    /** A stale image instead of a failure, unless its origin forbids that or has none any more. */
    private Result stale(SendableImage image, FetchException failure) {
        if (ImageFetches.endsTheImage(failure) || image.meta().isBound()) {
            throw noImage(failure, CacheStatus.failed(failure.status()));
        }
        return result(image, CacheStatus.stale(failure.status()));
    }

    private Result result(SendableImage image, CacheStatus status) {
        return new Result(image, image.meta(), image.meta().age(clock.instant()), status);
    }

    /** Who is refused for an address learns nothing else, not even whether it was refused before. */
    static NoImage noImage(FetchException failure, CacheStatus status) {
        return new NoImage(failure, failure.failure() == FetchFailure.BLOCKED_ADDRESS ? CacheStatus.failed(0) : status);
    }

    static GatewayException overloaded(@Nullable Throwable cause) {
        return new GatewayException(ProblemCode.OVERLOADED, "There is no memory for another image at present.", cause)
                .retryAfter(SHORTLY);
    }
}
