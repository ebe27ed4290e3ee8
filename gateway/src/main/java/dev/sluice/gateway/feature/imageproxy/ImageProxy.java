package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.imageproxy.CacheStatus.Kept;
import dev.sluice.gateway.feature.imageproxy.NegativeCache.Failure;
import dev.sluice.gateway.feature.imageproxy.OriginImages.Answer;
import dev.sluice.gateway.feature.imageproxy.SingleFlight.Role;
import dev.sluice.gateway.feature.imageproxy.cache.CachedMeta;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import dev.sluice.zipstream.BudgetExhaustedException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
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

    private final OriginImages origins;
    private final ImageStore store;
    private final NegativeCache failures;
    private final SingleFlight<Outcome> singleFlight;
    private final ImageProxyMeters meters;
    private final Clock clock;

    ImageProxy(
            OriginImages origins,
            ImageStore store,
            NegativeCache failures,
            SingleFlight<Outcome> singleFlight,
            ImageProxyMeters meters,
            Clock clock) {
        this.origins = origins;
        this.store = store;
        this.failures = failures;
        this.singleFlight = singleFlight;
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
    record Result(ProxiedImage image, CachedMeta meta, Duration age, CacheStatus status) {}

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

    /** What a call to an origin came back with. */
    sealed interface Outcome {
        /**
         * An image.
         *
         * @param image held by the call
         * @param kept what became of it
         */
        record Image(ProxiedImage image, Kept kept) implements Outcome {}

        /**
         * An image that came into the cache just before.
         *
         * @param image held by the call
         */
        record Found(ProxiedImage image) implements Outcome {}

        /**
         * The cached image is as good as new.
         *
         * @param meta what is known of it from now on
         */
        record Renewed(CachedMeta meta) implements Outcome {}

        /**
         * No image.
         *
         * @param exception why
         */
        record Failed(FetchException exception) implements Outcome {}
    }

    /**
     * The image at {@code url}.
     *
     * <p>Fails with {@link NoImage}, or with {@link GatewayException} {@code overloaded}.
     *
     * @param url canonical
     * @param held of the caller's request: takes whatever must be freed when that is over
     */
    Mono<Result> get(String url, Disposable.Composite held) {
        return Mono.defer(() -> {
            Result hit = hit(url, held);
            if (hit == null) {
                return original(url, held).doOnNext(result -> meters.answered(result.status()));
            }
            meters.answered(hit.status());
            return Mono.just(hit);
        });
    }

    /** What most requests come to, without a word to anybody else; null for all others. */
    private @Nullable Result hit(String url, Disposable.Composite held) {
        ProxiedImage image = store.openNow(url);
        if (image == null) {
            return null;
        }
        Duration left = left(image.meta());
        if (left.isPositive()) {
            return result(hold(image, held), CacheStatus.hit(left));
        }
        image.dispose();
        return null;
    }

    /** As {@link #get}, for one who makes something of the image, and counts that. */
    Mono<Result> original(String url, Disposable.Composite held) {
        return store.open(url)
                .map(image -> hold(image, held))
                .flatMap(image -> cached(url, image, held))
                .switchIfEmpty(Mono.defer(() -> missing(url, held)))
                .onErrorMap(BudgetExhaustedException.class, ImageProxy::overloaded);
    }

    /** How long an image is still fresh; not positive when it is not. */
    Duration left(CachedMeta meta) {
        Duration freshFor = meta.freshFor();
        Duration ttl = freshFor == null || freshFor.compareTo(store.ttl()) > 0 ? store.ttl() : freshFor;
        return Duration.between(clock.instant(), meta.storedAt().plus(ttl));
    }

    private Mono<Result> cached(String url, ProxiedImage image, Disposable.Composite held) {
        Duration left = left(image.meta());
        if (left.isPositive()) {
            return Mono.just(result(image, CacheStatus.hit(left)));
        }
        CachedMeta old = image.meta();
        Failure known = failures.find(url);
        if (known != null) {
            return old.isBound()
                    ? Mono.error(knownFailure(known))
                    : Mono.just(result(image, CacheStatus.staleAgain(left.abs())));
        }
        // Not one with those who have nothing to show: what revalidates may come back without an image.
        Mono<Result> asked = singleFlight.join(
                old.etag() + url, flightHeld -> ask(url, old, flightHeld), (outcome, role) -> switch (outcome) {
                    case Outcome.Image fetched ->
                        result(hold(fetched.image().share(), held), CacheStatus.replaced(fetched.kept()));
                    case Outcome.Found found -> found(found, held);
                    case Outcome.Renewed(CachedMeta now) ->
                        new Result(image, now, Duration.ZERO, CacheStatus.revalidated());
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

    private Mono<Result> missing(String url, Disposable.Composite held) {
        Failure known = failures.find(url);
        if (known != null) {
            return Mono.error(knownFailure(known));
        }
        return singleFlight.join(url, flightHeld -> ask(url, null, flightHeld), (outcome, role) -> switch (outcome) {
            case Outcome.Image fetched -> result(hold(fetched.image().share(), held), status(role, fetched.kept()));
            case Outcome.Found found -> found(found, held);
            case Outcome.Renewed renewed -> throw unasked();
            case Outcome.Failed failed ->
                throw noImage(
                        failed.exception(),
                        CacheStatus.failed(failed.exception().status()));
        });
    }

    private NoImage knownFailure(Failure known) {
        return noImage(known.exception(), CacheStatus.knownFailure(Duration.between(clock.instant(), known.until())));
    }

    private Result found(Outcome.Found found, Disposable.Composite held) {
        ProxiedImage image = hold(found.image().share(), held);
        return result(image, CacheStatus.hit(left(image.meta())));
    }

    private static IllegalStateException unasked() {
        return new IllegalStateException("304 to a request without conditions");
    }

    private CacheStatus status(Role role, Kept kept) {
        return store.enabled() ? CacheStatus.miss(role, kept) : CacheStatus.bypass();
    }

    /** A stale image instead of a failure, unless its origin forbids that or has none any more. */
    private Result stale(ProxiedImage image, FetchException failure) {
        if (endsTheImage(failure) || image.meta().isBound()) {
            throw noImage(failure, CacheStatus.failed(failure.status()));
        }
        return result(image, CacheStatus.stale(failure.status()));
    }

    private Result result(ProxiedImage image, CacheStatus status) {
        return new Result(image, image.meta(), image.meta().age(clock.instant()), status);
    }

    private Mono<Outcome> ask(String url, @Nullable CachedMeta old, Disposable.Composite held) {
        return fetchUnlessFound(url, old, held)
                .flatMap(outcome ->
                        ends(outcome) && store.has(url) ? store.purge(url).thenReturn(outcome) : Mono.just(outcome));
    }

    private static boolean ends(Outcome outcome) {
        return outcome instanceof Outcome.Failed failed && endsTheImage(failed.exception());
    }

    /** Who found nothing may come just after another's call has ended. */
    private Mono<Outcome> fetchUnlessFound(String url, @Nullable CachedMeta old, Disposable.Composite held) {
        Failure known = failures.find(url);
        return known != null
                ? Mono.just(new Outcome.Failed(known.exception()))
                : store.open(url)
                        .map(image -> hold(image, held))
                        .filter(image -> left(image.meta()).isPositive())
                        .<Outcome>map(Outcome.Found::new)
                        .switchIfEmpty(Mono.defer(() -> fetch(url, old, held)));
    }

    private Mono<Outcome> fetch(String url, @Nullable CachedMeta old, Disposable.Composite held) {
        Validators known = old == null ? Validators.NONE : new Validators(old.originEtag(), old.originLastModified());
        int purges = store.purges(url);
        return meters.timed(origins.ask(url, known, held))
                .flatMap(answer -> kept(old, answer, purges, held))
                .onErrorResume(FetchException.class, failure -> {
                    failures.remember(url, failure);
                    return Mono.just(new Outcome.Failed(failure));
                });
    }

    private Mono<Outcome> kept(@Nullable CachedMeta old, Answer answer, int purges, Disposable.Composite held) {
        return switch (answer) {
            case Answer.Unchanged _ when old == null -> throw unasked();
            case Answer.Unchanged(Instant at, HttpHeaders headers) -> renewed(renewed(old, at, headers), at);
            case Answer.Arrived(BufferedBody bytes, CachedMeta meta) -> {
                Kept kept =
                        !meta.mayBeStored() ? Kept.FORBIDDEN : meta.isReusable() ? Kept.NOT_STORED : Kept.NEVER_FRESH;
                Mono<ProxiedImage> keeping =
                        kept == Kept.NOT_STORED ? store.keep(meta, bytes, held, purges) : Mono.empty();
                yield keeping.<Outcome>map(image -> stored(image, bytes))
                        .switchIfEmpty(Mono.fromSupplier(() -> new Outcome.Image(hold(bytes.as(meta), held), kept)));
            }
        };
    }

    /** What the answer says of keeping the image holds from now on; what it does not say is as it was. */
    private static CachedMeta renewed(CachedMeta old, Instant at, HttpHeaders headers) {
        if (!OriginFreshness.mayBeKept(headers)) {
            return old.notStored();
        }
        return OriginFreshness.isTold(headers) ? old.fresh(OriginFreshness.freshFor(headers, at)) : old;
    }

    private Mono<Outcome> renewed(CachedMeta now, Instant at) {
        Mono<?> done = now.mayBeStored() ? store.renew(now, at) : store.purge(now.url());
        return done.thenReturn(new Outcome.Renewed(now));
    }

    /** From here on the image is sent from the cache, and its memory is free for the next. */
    private static Outcome stored(ProxiedImage image, BufferedBody bytes) {
        bytes.dispose();
        return new Outcome.Image(image, Kept.STORED);
    }

    /** Who is refused for an address learns nothing else, not even whether it was refused before. */
    static NoImage noImage(FetchException failure, CacheStatus status) {
        return new NoImage(failure, failure.failure() == FetchFailure.BLOCKED_ADDRESS ? CacheStatus.failed(0) : status);
    }

    /** Whether nothing of the image is shown from now on. */
    static boolean endsTheImage(FetchException failure) {
        return NegativeCache.isGone(failure) || failure.failure() == FetchFailure.BLOCKED_ADDRESS;
    }

    static ProxiedImage hold(ProxiedImage image, Disposable.Composite held) {
        held.add(image);
        return image;
    }

    static GatewayException overloaded(@Nullable Throwable cause) {
        return new GatewayException(ProblemCode.OVERLOADED, "There is no memory for another image at present.", cause)
                .retryAfter(SHORTLY);
    }
}
