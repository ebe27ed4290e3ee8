package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Alerts;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.ObjectReferences;
import dev.sluice.gateway.outbound.database.image.OwnerStorage;
import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.persistence.DelayedErrors;
import dev.sluice.gateway.outbound.persistence.ExpiredIntentSweep;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Repairs what a crashed process left between an object and its row: at start and regularly, in the background.
 *
 * <ol>
 *   <li>expired intents: deletes their objects, then the intents;
 *   <li>unfinished deletions: deletes the object, then the row;
 *   <li>the store's listing against the rows' keys, both in order: deletes an object that no row names once it is old
 *       enough that no writer can be about to name it; fails an image whose object is gone; has a thumbnail whose
 *       object is gone made again. If an owner has an implausible number of either, it is skipped; if there are too
 *       many in all, nothing is touched; then the operator gets an alert. What an intent names is skipped, stored or
 *       not. An image that is older than every object in the store is not failed: the store may have been emptied;
 *   <li>recounts every owner's bytes.
 * </ol>
 *
 * Every step is idempotent and may run on several gateways at once. What cannot be repaired does not stop the rest; a
 * pass that left something, or that failed, is retried soon.
 */
final class Reconciler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    private static final int BATCH = 100;

    private static final Duration FIRST_RETRY = Duration.ofSeconds(10);

    /** What all keys of images begin with: see {@link ObjectKey#tenantPrefix}. */
    private static final String PREFIX = "t/";

    private final ObjectStore store;
    private final ExpiredIntentSweep expired;
    private final ObjectReferences references;
    private final Images images;
    private final Thumbnails thumbnails;
    private final OwnerStorage storage;
    private final ImageStorage imageStorage;
    private final Duration period;
    private final Duration grace;
    private final int most;
    private final Alerts alerts;
    private final MeterRegistry meters;
    private final Clock clock;
    private final Disposable.Composite running = Disposables.composite();

    /**
     * @param period between two passes
     * @param grace how old a deletion or an unnamed object must be before it is touched
     * @param most objects without a row, and rows without an object, that are plausible in one pass
     */
    Reconciler(
            ObjectStore store,
            ObjectIntents intents,
            ObjectReferences references,
            Images images,
            Thumbnails thumbnails,
            OwnerStorage storage,
            ImageStorage imageStorage,
            Duration period,
            Duration grace,
            int most,
            Alerts alerts,
            MeterRegistry meters,
            Clock clock) {
        this.store = store;
        this.expired = new ExpiredIntentSweep(intents, store);
        this.references = references;
        this.images = images;
        this.thumbnails = thumbnails;
        this.storage = storage;
        this.imageStorage = imageStorage;
        this.period = period;
        this.grace = grace;
        this.most = most;
        this.alerts = alerts;
        this.meters = meters;
        this.clock = clock;
    }

    /** What a pass repaired. */
    enum Repair {
        /** Objects announced and never named: removed. */
        ABANDONED,
        /** Deletions begun and not ended: ended. */
        HALF_DELETED,
        /** Objects that nothing names: removed. */
        UNNAMED,
        /** Images whose object is gone: failed. */
        LOST,
        /** Thumbnails whose object is gone: made anew. */
        THUMBNAIL_LOST;

        private String tag() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What one pass did.
     *
     * @param repairs how many of each kind; what needed none is absent
     */
    record Report(Map<Repair, Long> repairs) {}

    /** Begins, with a first pass at once. */
    void start() {
        running.add(Flux.interval(Duration.ZERO, period)
                .onBackpressureDrop()
                .concatMap(
                        tick -> pass().doOnError(Reconciler::logFailure)
                                .retryWhen(Retry.backoff(Long.MAX_VALUE, least(FIRST_RETRY, period))
                                        .maxBackoff(period)),
                        0)
                .subscribe());
    }

    private static void logFailure(Throwable failure) {
        LOG.warn("objects and rows could not be compared, later again: {}", failure.toString());
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** One pass. Fails when store or database do, at the end if they did for some only; what was repaired stays so. */
    Mono<Report> pass() {
        return Mono.defer(() -> {
            DelayedErrors errors = new DelayedErrors();
            return Flux.concat(
                            abandoned(errors),
                            halfDeleted(errors),
                            compared(errors),
                            errors.delay("owners' bytes", storage.recount()).then(Mono.<Repair>empty()))
                    .doOnNext(repair -> meters.counter("sluice.gallery.repairs", "kind", repair.tag())
                            .increment())
                    .collect(Collectors.groupingBy(repair -> repair, Collectors.counting()))
                    .map(Report::new)
                    .doOnNext(report -> LOG.atInfo()
                            .addKeyValue("repairs", report.repairs())
                            .log("objects and rows compared, repaired: {}", report.repairs()))
                    .flatMap(errors::orResult);
        });
    }

    private Flux<Repair> abandoned(DelayedErrors errors) {
        return expired.remove(errors).map(removed -> Repair.ABANDONED);
    }

    private Flux<Repair> halfDeleted(DelayedErrors errors) {
        return references
                .stuckDeleting(grace, BATCH)
                .expand(stuck -> stuck.size() < BATCH ? Mono.empty() : references.stuckDeleting(grace, BATCH))
                .concatMapIterable(stuck -> stuck, 1)
                .concatMap(
                        image -> errors.delay(
                                image.id().toString(),
                                imageStorage.remove(image).thenReturn(Repair.HALF_DELETED)),
                        1);
    }

    /** One key, and who knows it. */
    private sealed interface Known {
        String key();

        record ByStore(ObjectStore.Summary object) implements Known {
            @Override
            public String key() {
                return object.key().value();
            }
        }

        record ByRow(ObjectReferences.Reference row) implements Known {
            @Override
            public String key() {
                return row.key();
            }
        }
    }

    private Flux<Repair> compared(DelayedErrors errors) {
        return differences().flatMapMany(found -> {
            if (found.hasSkippedOwners() && found.arePlausible()) {
                meters.counter("sluice.gallery.repairs.doubted").increment();
                alerts.warn(
                        "gallery:reconcile:owner",
                        "Database and store differ too much for some owners, whose objects and rows are not touched: "
                                + found
                                + ". If it is to be repaired, raise sluice.gallery.reconcile-most for one pass");
            }
            if (!found.arePlausible()) {
                meters.counter("sluice.gallery.repairs.refused").increment();
                alerts.warn(
                        "gallery:reconcile",
                        (found.isStoreEmpty()
                                        ? "The store is empty and the database is not: a bucket or directory that was"
                                                + " made anew, or another one. Neither is touched: "
                                        : "Database and store do not seem to belong to each other, neither is touched: ")
                                + found
                                + ". If they do, raise sluice.gallery.reconcile-most for one pass");
                return Flux.empty();
            }
            if (found.doubted() > 0) {
                meters.counter("sluice.gallery.repairs.doubted").increment();
                alerts.warn(
                        "gallery:reconcile:older",
                        "Images without an object are older than every object in the store, which may have been"
                                + " emptied; they are not touched: " + found);
            }
            return Flux.concat(
                    Flux.fromIterable(found.unnamed())
                            .concatMap(object -> errors.delay(object.key().value(), unnamed(object)), 1),
                    Flux.fromIterable(found.lost()).concatMap(row -> errors.delay(row.key(), lost(row)), 1));
        });
    }

    /** Keys are ASCII, so the order of their characters is that of their bytes. */
    private Mono<ReconciliationDiff> differences() {
        Flux<Known> stored = store.list(PREFIX).map(Known.ByStore::new);
        Flux<Known> named = references.inKeyOrder().map(Known.ByRow::new);
        return Flux.mergeComparing(BATCH, Comparator.comparing(Known::key), stored, named)
                .bufferUntilChanged(Known::key)
                .collect(() -> new ReconciliationDiff(most), this::note)
                .map(ReconciliationDiff::end);
    }

    private void note(ReconciliationDiff differences, List<Known> knowing) {
        if (knowing.stream().anyMatch(Reconciler::isAnnounced)) {
            return;
        }
        if (knowing.size() > 1) {
            for (Known known : knowing) {
                if (known instanceof Known.ByStore(ObjectStore.Summary object)) {
                    differences.agree(known.key(), object.lastModified());
                }
            }
            return;
        }
        switch (knowing.getFirst()) {
            case Known.ByStore(ObjectStore.Summary object)
            when object.lastModified().isBefore(clock.instant().minus(grace)) -> differences.unnamed(object);
            case Known.ByStore(ObjectStore.Summary young) -> LOG.trace("{} may be about to get its row", young.key());
            case Known.ByRow(ObjectReferences.Reference row) when !row.deleting() -> differences.lost(row);
            case Known.ByRow(ObjectReferences.Reference going) -> LOG.trace("{} is being deleted", going.key());
        }
    }

    /** Stored or not, it belongs to its writer, or to the sweep of expired intents. */
    private static boolean isAnnounced(Known known) {
        return known instanceof Known.ByRow(ObjectReferences.Reference row)
                && row.kind() == ObjectReferences.Reference.Kind.ANNOUNCED;
    }

    /** Checks again before it deletes: the two lists are not one snapshot. */
    private Mono<Repair> unnamed(ObjectStore.Summary object) {
        return references
                .isNamed(object.key().value())
                .filter(isNamed -> !isNamed)
                .flatMap(isNamed -> store.delete(object.key()).thenReturn(Repair.UNNAMED));
    }

    private Mono<Repair> lost(ObjectReferences.Reference row) {
        return store.stat(new ObjectKey(row.key()))
                .hasElement()
                .filter(isThere -> !isThere)
                .flatMap(isThere -> switch (row.kind()) {
                    case IMAGE -> imageLost(row);
                    case ANNOUNCED -> Mono.empty();
                    case THUMBNAIL ->
                        thumbnails
                                .markLost(row.imageId(), row.key())
                                .filter(isNamed -> isNamed)
                                .map(isNamed -> Repair.THUMBNAIL_LOST);
                });
    }

    private Mono<Repair> imageLost(ObjectReferences.Reference row) {
        return images.markLost(row.imageId(), row.key())
                .filter(failed -> failed)
                .doOnNext(failed -> LOG.atError()
                        .addKeyValue("image.id", row.imageId())
                        .log("the file of image {} is gone from the store: {}", row.imageId(), row.key()))
                .map(failed -> Repair.LOST);
    }

    @Override
    public void close() {
        running.dispose();
    }
}
