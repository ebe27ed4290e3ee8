package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.database.image.Thumbnails.Attempt;
import dev.sluice.gateway.outbound.picture.ExpectedPicture;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.picture.decode.DecodePurpose;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What becomes of one claimed image:
 *
 * <pre>
 *   open its object → decode → store its thumbnails → done
 *        it cannot be decoded:                  given up at once
 *        the decoder dies or reaches a limit:   tried again, later each time, then given up
 *        its object is not there:               put off; whether it is lost is for the reconciler to say
 *        store, database or any decoder fails:  put off, not counted against the image; then a pause
 * </pre>
 */
final class ThumbnailTask {
    private static final Logger LOG = LoggerFactory.getLogger(ThumbnailTask.class);
    private static final Duration UNTIL_RECONCILED = Duration.ofHours(1);
    private static final Duration LONGEST_PAUSE = Duration.ofDays(1);
    private static final int GROWTH = 4;
    private static final int MOST_GROWTHS = 10;

    /** A PNG of one pixel: a decoder that fails at it too is not one that met a bad image. */
    private static final byte[] GOOD = HexFormat.of()
            .parseHex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
                    + "0000000a4944415478da6360000000020001e527defc0000000049454e44ae426082");

    private final ObjectStore store;
    private final Thumbnails rows;
    private final Pictures pictures;
    private final ThumbnailStorage storage;
    private final ThumbnailMeters meters;
    private final ThumbnailProperties properties;
    private final Clock clock;

    ThumbnailTask(
            ObjectStore store,
            Thumbnails rows,
            Pictures pictures,
            ThumbnailStorage storage,
            ThumbnailMeters meters,
            ThumbnailProperties properties,
            Clock clock) {
        this.store = store;
        this.rows = rows;
        this.pictures = pictures;
        this.storage = storage;
        this.meters = meters;
        this.properties = properties;
        this.clock = clock;
    }

    /** Settles the image in its row. Fails when another image would not fare better at present. */
    Mono<Void> run(Thumbnails.Job job) {
        return job.attempt() > properties.tries()
                ? impossible(job, "unsettled") // each of these tries ended with its process
                : made(job)
                        // Before another may claim it.
                        .timeout(properties.lease().multipliedBy(9).dividedBy(10))
                        .onErrorResume(failure -> settled(job, failure));
    }

    private Mono<Void> made(Thumbnails.Job job) {
        return store.open(new ObjectKey(job.objectKey()))
                .switchIfEmpty(Mono.error(() ->
                        new StorageException(StorageException.Kind.GONE, job.objectKey() + ": not in the store", null)))
                .flatMap(content -> decoded(job, content))
                .then();
    }

    private Mono<Boolean> decoded(Thumbnails.Job job, ObjectContent content) {
        return pictures.decoded(
                ExpectedPicture.ofNobody(content.object().length()),
                writer -> writer.apply(content.bytes()),
                DecodePurpose.BACKGROUND,
                Pictures.WIDTHS,
                file -> storage.store(job, file).map(stored -> {
                    meters.made(ThumbnailMeters.Origin.BACKGROUND);
                    return true;
                }));
    }

    private Mono<Void> settled(Thumbnails.Job job, Throwable failure) {
        String reason = ThumbnailMeters.reason(failure);
        meters.failed(reason);
        return switch (failure) {
            case PictureException _ -> impossible(job, reason);
            case DecoderException dead when dead.kind() == DecoderException.Kind.FAILED -> atDeath(job, dead);
            case TimeoutException late -> atDeath(job, late);
            case StorageException gone
            when gone.kind() == StorageException.Kind.GONE -> retryAfter(job, UNTIL_RECONCILED, Attempt.UNCOUNTED);
            case Throwable outage when isOutage(outage) -> later(job, outage);
            default -> again(job, failure);
        };
    }

    /** Whether it would have hit any other image, too. */
    private static boolean isOutage(Throwable failure) {
        return switch (failure) {
            case StorageException store ->
                switch (store.kind()) {
                    case UNAVAILABLE, FULL, MISSING, REFUSED -> true;
                    case EXISTS, LENGTH_MISMATCH, GONE, BROKEN -> false;
                };
            case DatabaseException database ->
                database.kind() == DatabaseException.Kind.UNAVAILABLE
                        || database.kind() == DatabaseException.Kind.IN_DOUBT;
            case DecoderException decoder -> decoder.kind() == DecoderException.Kind.BUSY;
            default ->
                failure instanceof RejectedExecutionException
                        || failure instanceof IOException
                        || failure instanceof UncheckedIOException;
        };
    }

    private Mono<Void> atDeath(Thumbnails.Job job, Throwable failure) {
        return pictures.decoded(
                        ExpectedPicture.ofNobody(GOOD.length),
                        writer -> writer.apply(Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(GOOD))),
                        DecodePurpose.BACKGROUND,
                        List.of(),
                        file -> Mono.just(true))
                .onErrorReturn(false)
                .flatMap(works -> works ? again(job, failure) : later(job, failure));
    }

    private Mono<Void> later(Thumbnails.Job job, Throwable outage) {
        return retryAfter(job, properties.retryPause(), Attempt.UNCOUNTED)
                .onErrorComplete() // its lease ends by itself
                .then(Mono.error(outage));
    }

    private Mono<Void> again(Thumbnails.Job job, Throwable failure) {
        LOG.atWarn()
                .addKeyValue("image.id", job.imageId())
                .log("no thumbnails of {} yet: {}", job, FailureLine.of(failure));
        if (job.attempt() >= properties.tries()) {
            return impossible(job, ThumbnailMeters.reason(failure));
        }
        long growth = (long) Math.pow(GROWTH, Math.min(job.attempt() - 1, MOST_GROWTHS));
        Duration pause = properties.retryPause().multipliedBy(growth);
        return retryAfter(job, pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE, Attempt.COUNTED);
    }

    private Mono<Void> retryAfter(Thumbnails.Job job, Duration pause, Attempt attempt) {
        return rows.retryAt(job, clock.instant().plus(pause), attempt).then();
    }

    private Mono<Void> impossible(Thumbnails.Job job, String reason) {
        LOG.atWarn()
                .addKeyValue("image.id", job.imageId())
                .addKeyValue("failure.code", reason)
                .log("image {} gets no thumbnails: {}", job.imageId(), reason);
        return rows.markUndecodable(job, reason)
                .doOnNext(settled -> meters.givenUp())
                .then();
    }
}
