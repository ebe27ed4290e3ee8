package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.Need;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.Outcome;
import dev.sluice.gateway.outbound.imagecache.ImageFetches.StoreResult;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.OpenImage;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget.Reservation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Images from the store for who needs whole files and knows another way to have them: archives and trainings. What is
 * given here is in a file, was found right, and is as fresh as was asked for; everything else is nobody's fault and
 * comes back empty, and then its user copies what came into the store all the same, or fetches the image for itself, as
 * if there were no store.
 *
 * <pre>
 * OFF ───────────────────────────────────────────────────────────────────────────→ empty
 * stored ─→ FRESH and young enough ──────────────────────────────────────────────→ its file
 *       └→ has validators ─→ origin: 304 → its file │ 200 → the new one's file │ fails → the failure
 * not stored, or without validators ─→ first request within an hour ─────────────→ empty
 *                                  └→ admitted ─→ origin: 200 → its file │ fails → the failure
 * </pre>
 *
 * An origin that is asked for the store is asked once for all who want the same image at the same time, the proxy's
 * callers included. What comes back empty is fetched for each archive alone.
 */
public final class RemoteImages {
    private static final String VECTOR = "image/svg+xml";

    private final ImageFetches fetches;
    private final ImageStore store;
    private final OriginUrls urls;
    private final Clock clock;
    private final FetchTurns turns;
    private final AdmissionSketch recent;
    private final RecentConfirmations confirmations = new RecentConfirmations();
    private final Map<Use, Counter> uses = new EnumMap<>(Use.class);

    RemoteImages(
            ImageFetches fetches,
            ImageStore store,
            OriginUrls urls,
            FetchTurns turns,
            Clock clock,
            MeterRegistry meters) {
        this.fetches = fetches;
        this.store = store;
        this.urls = urls;
        this.turns = turns;
        this.clock = clock;
        this.recent = new AdmissionSketch(clock);
        for (Use use : Use.values()) {
            uses.put(
                    use,
                    Counter.builder("sluice.remote_images.requests")
                            .description("Images that archives wanted from the store")
                            .tag("result", use.name().toLowerCase(Locale.ROOT))
                            .register(meters));
        }
    }

    /** How sure a user of the store has to be that an image is still what its origin has. */
    public enum Freshness {
        /** The store is not used: the image is what the origin sends now. */
        OFF,
        /**
         * The origin is asked with its own validators: its 304 makes the stored image do, and an image without
         * validators is fetched.
         */
        REVALIDATE,
        /** An image that its origin has sent or confirmed within the store's time does, unless it forbade that. */
        FRESH
    }

    /** Whether an image that is not stored may be, and how long it waits for that. */
    public enum Entering {
        /** It may not. */
        NOT,
        /** It may, unless others of its caller's keep it waiting: then it is fetched without the store. */
        SOON,
        /** It may, however many of its caller's are before it: whoever wants it wants it stored. */
        IN_TURN
    }

    /** What came of looking into the store. */
    private enum Use {
        /** There, and fresh without asking. */
        HIT,
        /** There, and confirmed by its origin. */
        REVALIDATED,
        /** Not there, or of old, and stored now. */
        STORED,
        /** Fetched for the store, which could not take it, or may not. */
        NOT_STORED,
        /** Its origin has none, or failed. */
        FAILED,
        /** Not there, and not to be yet. */
        MISS
    }

    /** Of one call to the origin. */
    private record Answer(Use use, @Nullable CachedMeta meta) {}

    /** The one spelling of a URL, by which the store knows it; null for one that is refused anyway. */
    public @Nullable String canonical(String url) {
        try {
            return urls.canonical(url, UrlPolicy.PUBLIC_WEB);
        } catch (FetchException refused) {
            return null;
        }
    }

    /**
     * Notes a request for all of these images.
     *
     * @return those that may enter the store now, since there was another request for them within an hour
     */
    public Set<String> admit(Collection<String> canonicalUrls) {
        Set<String> admitted = new HashSet<>();
        for (String url : new HashSet<>(canonicalUrls)) {
            if (recent.again(url)) {
                admitted.add(url);
            }
        }
        return admitted;
    }

    /** Whether {@link #get} can be expected to give an image that is stored now. Asks nobody. */
    public boolean has(String canonicalUrl, Freshness freshness) {
        return find(canonicalUrl, freshness) != null;
    }

    private @Nullable CachedMeta find(String url, Freshness freshness) {
        CachedMeta meta = freshness == Freshness.OFF ? null : store.find(url);
        boolean isUsable = meta != null && isRaster(meta) && (meta.hasValidators() || isFreshEnough(meta, freshness));
        return isUsable ? meta : null;
    }

    private static boolean isRaster(CachedMeta meta) {
        return !meta.mediaType().equals(VECTOR) && meta.length() > 0;
    }

    private boolean isFreshEnough(CachedMeta meta, Freshness freshness) {
        return freshness == Freshness.FRESH && fetches.left(meta).isPositive();
    }

    /**
     * A raster image in its file; empty when it is not to be had from the store.
     *
     * <p>Fails with {@link FetchException} when its origin was asked and has none.
     *
     * @param canonicalUrl as {@link #canonical} spells it
     * @param owner takes the image before anybody else has it
     */
    public Mono<OpenImage> get(
            String canonicalUrl, Freshness freshness, Entering entering, Consumer<? super OpenImage> owner) {
        return Mono.defer(() -> {
            CachedMeta known = find(canonicalUrl, freshness);
            if (known != null && isFreshEnough(known, freshness)) {
                return open(canonicalUrl, owner, image -> true).doOnNext(image -> count(Use.HIT));
            }
            boolean mayEnter = entering != Entering.NOT && freshness != Freshness.OFF;
            if (known == null && (!mayEnter || !store.takesImages())) {
                count(Use.MISS);
                return Mono.empty();
            }
            return ask(canonicalUrl, known, freshness, entering, owner);
        });
    }

    /** The time by which {@link #copy} tells what is new. */
    public Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS); // as the store keeps times
    }

    /**
     * What is as fresh as was asked for, or came into the store or was confirmed since {@code since}, for one who could
     * not have its file, since archives hold as many as they may, and is about to fetch the image. To be read at once:
     * it does not count among those.
     *
     * @param owner takes the image before anybody else has it
     */
    public Mono<SendableImage> copy(
            String canonicalUrl, Freshness freshness, Instant since, Consumer<? super SendableImage> owner) {
        return Mono.defer(() -> {
            CachedMeta known = store.find(canonicalUrl);
            return known != null && isCopied(known, freshness, since)
                    ? store.open(canonicalUrl).doOnNext(owner).filter(image -> {
                        if (isCopied(image.meta(), freshness, since)) {
                            return true;
                        }
                        image.dispose();
                        return false;
                    })
                    : Mono.empty();
        });
    }

    private boolean isCopied(CachedMeta meta, Freshness freshness, Instant since) {
        return isRaster(meta)
                && (isFreshEnough(meta, freshness)
                        || !meta.storedAt().isBefore(since)
                        || confirmations.has(meta, since));
    }

    private Mono<OpenImage> ask(
            String url,
            @Nullable CachedMeta known,
            Freshness freshness,
            Entering entering,
            Consumer<? super OpenImage> owner) {
        Instant asked = clock.instant();
        return (known == null
                        ? joinInTurn(url, freshness, entering, asked)
                        : join(url, known, freshness, asked, () -> {}))
                .onErrorResume(RemoteImages::isOverload, busy -> Mono.just(new Answer(Use.MISS, null)))
                .doOnNext(answer -> count(answer.use()))
                .flatMap(answer -> {
                    CachedMeta meta = answer.meta();
                    if (meta == null) {
                        if (answer.use() != Use.MISS && store.takesImages()) {
                            recent.bar(url);
                        }
                        return Mono.empty();
                    }
                    confirmations.add(meta, asked);
                    // Another may have taken its place by now, which is as new.
                    Mono<OpenImage> confirmed = open(
                            url,
                            owner,
                            image -> image.etag().equals(meta.etag())
                                    || !image.storedAt().isBefore(asked));
                    // What its origin confirms may turn out to be damaged.
                    return known == null
                            ? confirmed
                            : confirmed.switchIfEmpty(Mono.defer(() -> store.find(url) == null
                                    ? ask(url, null, freshness, entering, owner)
                                    : Mono.empty()));
                });
    }

    /** What others are asking for already costs the caller no memory; nor does what its origin may confirm. */
    private Mono<Answer> joinInTurn(String url, Freshness freshness, Entering entering, Instant asked) {
        if (fetches.isUnderWay(url)) {
            return join(url, null, freshness, asked, () -> {});
        }
        Function<Reservation, Mono<Answer>> ask = turn -> join(url, null, freshness, asked, turn::release);
        return entering == Entering.IN_TURN ? turns.inTurn(ask) : turns.whenSoon(ask);
    }

    private Mono<Answer> join(
            String url, @Nullable CachedMeta known, Freshness freshness, Instant asked, Runnable whenItHasMemory) {
        return fetches.join(url, known, need(freshness, asked, whenItHasMemory), (outcome, role) -> answer(outcome));
    }

    /** What its origin confirmed or sent since this request came does, too. */
    private Need need(Freshness freshness, Instant asked, Runnable whenItHasMemory) {
        return new Need() {
            @Override
            public boolean isMetBy(CachedMeta stored) {
                return isFreshEnough(stored, freshness) || !stored.storedAt().isBefore(asked);
            }

            @Override
            public boolean isWorthStoring(CachedMeta arrived) {
                return freshness == Freshness.FRESH || arrived.hasValidators();
            }

            @Override
            public boolean usesNegativeCache() {
                return false;
            }

            @Override
            public boolean waitsForMemory() {
                return true;
            }

            @Override
            public void hasMemory() {
                whenItHasMemory.run();
            }
        };
    }

    private static Answer answer(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Image(SendableImage image, StoreResult result)
            when result == StoreResult.STORED -> new Answer(Use.STORED, image.meta());
            case Outcome.Image _ -> new Answer(Use.NOT_STORED, null);
            case Outcome.Found(SendableImage image) -> new Answer(Use.REVALIDATED, image.meta());
            case Outcome.Renewed(CachedMeta meta) when meta.mayBeStored() -> new Answer(Use.REVALIDATED, meta);
            case Outcome.Renewed _ -> new Answer(Use.NOT_STORED, null);
            case Outcome.Failed(FetchException failure) when isOfTheStore(failure) -> new Answer(Use.FAILED, null);
            case Outcome.Failed(FetchException failure) -> throw failure;
        };
    }

    /** Whether the bounds of the store may have been too narrow, and not the image bad. */
    private static boolean isOfTheStore(FetchException failure) {
        return failure.failure() == FetchFailure.TIMED_OUT || failure.failure() == FetchFailure.TOO_LARGE;
    }

    private static boolean isOverload(Throwable error) {
        return error instanceof BudgetExhaustedException
                || (error instanceof GatewayException refused && refused.code() == ProblemCode.OVERLOADED);
    }

    private Mono<OpenImage> open(String url, Consumer<? super OpenImage> owner, Predicate<CachedMeta> isRight) {
        return store.openFile(url).doOnNext(owner).filter(image -> {
            if (isRight.test(image.meta())) {
                return true;
            }
            image.dispose();
            return false;
        });
    }

    private void count(Use use) {
        Objects.requireNonNull(uses.get(use)).increment();
    }
}
