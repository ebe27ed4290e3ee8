package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import dev.sluice.gateway.outbound.imagecache.NegativeCache.Remembered;
import dev.sluice.gateway.outbound.imagecache.OriginImages.Answer;
import dev.sluice.gateway.outbound.imagecache.OriginImages.MemoryWait;
import dev.sluice.gateway.outbound.imagecache.SingleFlight.Role;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * Calls to origins for images that the store may take: one for all who want the same image at the same time, whatever
 * they want it for.
 *
 * <pre>
 * 304 → renewed │ 200 → stored │ 404, 410, refused → forgotten │ fails → remembered for a moment
 * </pre>
 */
public final class ImageFetches {
    private static final Duration RENEWED_EVERY = Duration.ofMinutes(1);
    private static final long MOST_FAILURE_CHARACTERS = 4_000_000;
    private static final int FAILURE_OVERHEAD = 100;

    private final OriginImages origins;
    private final ImageStore store;
    private final NegativeCache<FetchException> failures;
    private final SingleFlight<Outcome> singleFlight;
    private final Clock clock;
    private final MeterRegistry meters;
    private final Timer timer;

    ImageFetches(
            OriginImages origins,
            ImageStore store,
            NegativeCache<FetchException> failures,
            SingleFlight<Outcome> singleFlight,
            Clock clock,
            MeterRegistry meters) {
        this.origins = origins;
        this.store = store;
        this.failures = failures;
        this.singleFlight = singleFlight;
        this.clock = clock;
        this.meters = meters;
        this.timer = Timer.builder("sluice.image_proxy.origin")
                .description("Time until an origin's image is whole, or is known not to come")
                .publishPercentileHistogram()
                .register(meters);
        Gauge.builder("sluice.image_proxy.fetches", singleFlight, SingleFlight::size)
                .description("Images on their way from their origins")
                .register(meters);
        Gauge.builder("sluice.image_proxy.waiting", singleFlight, SingleFlight::waiting)
                .description("Requests that wait for them")
                .register(meters);
    }

    /**
     * What origins failed at, where what an origin decided is remembered longer than what merely went wrong.
     *
     * @param decided how long an answer that is no image is remembered: gone, too large, something else
     * @param wentWrong how long everything else is: timeouts, connections, other statuses, refused addresses
     */
    static NegativeCache<FetchException> failures(Duration decided, Duration wentWrong, Clock clock) {
        return new NegativeCache<>(
                MOST_FAILURE_CHARACTERS,
                FAILURE_OVERHEAD,
                failure -> switch (failure.failure()) {
                    case TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING, INVALID_URL -> decided;
                    case UPSTREAM_STATUS -> failure.isGone() ? decided : wentWrong;
                    case BLOCKED_ADDRESS, TIMED_OUT, CONNECTION_FAILED -> wentWrong;
                },
                clock);
    }

    /** What a call to an origin came back with. */
    public sealed interface Outcome {
        /**
         * An image.
         *
         * @param image held by the call
         * @param result what became of it
         */
        record Image(SendableImage image, StoreResult result) implements Outcome {}

        /**
         * An image that came into the store just before.
         *
         * @param image held by the call
         */
        record Found(SendableImage image) implements Outcome {}

        /**
         * The stored image is as good as new.
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

    /** What became of an image that was fetched. */
    public enum StoreResult {
        /** It is in the store now. */
        STORED,
        /** Its origin forbids it. */
        FORBIDDEN,
        /** Its origin wants to be asked each time, and gave nothing to ask by. */
        NEVER_FRESH,
        /** The store could not take it. */
        NOT_STORED
    }

    /**
     * Asks the origin of {@code url}, or joins those who do.
     *
     * @param url canonical
     * @param old what the store has of it, by which the origin is asked; null for nothing
     * @param need what does, and what is stored
     * @param take called with the outcome, while the call holds what it acquired
     */
    public <R> Mono<R> join(String url, @Nullable CachedMeta old, Need need, BiFunction<Outcome, Role, R> take) {
        // Not one with those who have nothing to show: what revalidates may come back without an image.
        return singleFlight.join(key(url, old), resources -> ask(url, old, need, resources), take);
    }

    /** Whether a call of those who have nothing of {@code url} is under way: to join it costs its origin nothing. */
    boolean isUnderWay(String url) {
        return singleFlight.has(key(url, null));
    }

    private static String key(String url, @Nullable CachedMeta old) {
        return old == null ? url : old.etag() + url;
    }

    /** What whoever begins a call needs it for. */
    public interface Need {
        /** Whether an image does that came into the store meanwhile. */
        boolean isMetBy(CachedMeta stored);

        /** Whether an image that arrives is to be stored, if its origin lets caches store it. */
        boolean isWorthStoring(CachedMeta arrived);

        /** Whether an origin that failed a moment ago is taken to fail still. */
        boolean usesNegativeCache();

        /** Whether an image whose origin has answered may wait longer for memory than somebody waits for a page. */
        default boolean waitsForMemory() {
            return false;
        }

        /** There is memory for the image, which comes now. */
        default void hasMemory() {}
    }

    /** What fails for who asks for it now, because it failed a moment ago; or null. */
    public @Nullable Remembered<FetchException> rememberedFailure(String url) {
        return failures.find(url);
    }

    /** How long an image is still fresh; not positive when it is not. */
    public Duration left(CachedMeta meta) {
        Duration freshFor = meta.freshFor();
        Duration ttl = freshFor == null || freshFor.compareTo(store.ttl()) > 0 ? store.ttl() : freshFor;
        return Duration.between(clock.instant(), meta.storedAt().plus(ttl));
    }

    /** Whether nothing of the image is shown from now on. */
    public static boolean endsTheImage(FetchException failure) {
        return failure.isGone() || failure.failure() == FetchFailure.BLOCKED_ADDRESS;
    }

    private Mono<Outcome> ask(String url, @Nullable CachedMeta old, Need need, Disposable.Composite resources) {
        return fetchUnlessFound(url, old, need, resources)
                .flatMap(outcome ->
                        ends(outcome) && store.has(url) ? store.purge(url).thenReturn(outcome) : Mono.just(outcome));
    }

    private static boolean ends(Outcome outcome) {
        return outcome instanceof Outcome.Failed failed && endsTheImage(failed.exception());
    }

    /** Who found nothing may come just after another's call has ended. */
    private Mono<Outcome> fetchUnlessFound(
            String url, @Nullable CachedMeta old, Need need, Disposable.Composite resources) {
        Remembered<FetchException> known = need.usesNegativeCache() ? failures.find(url) : null;
        return known != null
                ? Mono.just(new Outcome.Failed(known.failure()))
                : store.open(url)
                        .map(image -> image.disposedWith(resources))
                        .filter(image -> need.isMetBy(image.meta()))
                        .<Outcome>map(Outcome.Found::new)
                        .switchIfEmpty(Mono.defer(() -> fetch(url, old, need, resources)));
    }

    private Mono<Outcome> fetch(String url, @Nullable CachedMeta old, Need need, Disposable.Composite resources) {
        Validators known = old == null
                ? Validators.NONE
                : new Validators(old.originEtag(), old.originLastModified(), old.originSource());
        MemoryWait wait = new MemoryWait(need.waitsForMemory(), need::hasMemory);
        int purges = store.purges(url);
        return timed(origins.ask(url, known, wait, resources))
                .flatMap(answer -> answer instanceof Answer.Unchanged(Instant _, HttpHeaders headers)
                                && old != null
                                && !OriginFreshness.isAbout(old, headers)
                        ? origins.ask(url, Validators.NONE, wait, resources)
                        : Mono.just(answer))
                .flatMap(answer -> outcome(old, answer, need, purges, resources))
                .onErrorResume(FetchException.class, failure -> {
                    // Whose time went by as it waited for memory says nothing of its origin.
                    if (!need.waitsForMemory() || failure.failure() != FetchFailure.TIMED_OUT) {
                        failures.remember(url, failure.withoutCause());
                    }
                    return Mono.just(new Outcome.Failed(failure));
                });
    }

    private <T> Mono<T> timed(Mono<T> asking) {
        return Mono.defer(() -> {
            Timer.Sample sample = Timer.start(meters);
            return asking.doFinally(end -> sample.stop(timer));
        });
    }

    private Mono<Outcome> outcome(
            @Nullable CachedMeta old, Answer answer, Need need, int purges, Disposable.Composite resources) {
        return switch (answer) {
            case Answer.Unchanged _ when old == null -> throw unasked();
            case Answer.Unchanged(Instant at, HttpHeaders headers) -> renewed(old, renewed(old, at, headers), at);
            case Answer.Arrived(BufferedBody bytes, CachedMeta meta) -> {
                StoreResult result = !meta.mayBeStored()
                        ? StoreResult.FORBIDDEN
                        : meta.isReusable() ? StoreResult.NOT_STORED : StoreResult.NEVER_FRESH;
                Mono<SendableImage> storing = result == StoreResult.NOT_STORED && need.isWorthStoring(meta)
                        ? store.put(meta, bytes, resources, purges)
                        : Mono.empty();
                yield storing.<Outcome>map(image -> stored(image, bytes))
                        .switchIfEmpty(Mono.fromSupplier(
                                () -> new Outcome.Image(bytes.as(meta).disposedWith(resources), result)));
            }
        };
    }

    /** A 304 to who has nothing, which the fetch has refused. */
    public static IllegalStateException unasked() {
        return new IllegalStateException("304 to a request without conditions");
    }

    /** What the answer says of storing the image holds from now on; what it does not say is as it was. */
    private static CachedMeta renewed(CachedMeta old, Instant at, HttpHeaders headers) {
        if (!OriginFreshness.mayBeStored(headers)) {
            return old.notStored();
        }
        return OriginFreshness.isTold(headers) ? old.fresh(OriginFreshness.freshFor(headers, at)) : old;
    }

    private Mono<Outcome> renewed(CachedMeta old, CachedMeta now, Instant at) {
        Mono<?> done = now.mayBeStored() ? renew(old, now, at) : store.purge(now.url());
        return done.thenReturn(new Outcome.Renewed(now));
    }

    /** One that lasts for days is not written for each of many who ask within a minute. */
    private Mono<Void> renew(CachedMeta old, CachedMeta now, Instant at) {
        boolean isNew = !now.isBound() && !old.isBound() && old.age(at).compareTo(RENEWED_EVERY) < 0;
        return isNew ? Mono.empty() : store.renew(now, at);
    }

    /** From here on the image is sent from the store, and its memory is free for the next. */
    private static Outcome stored(SendableImage image, BufferedBody bytes) {
        bytes.dispose();
        return new Outcome.Image(image, StoreResult.STORED);
    }
}
