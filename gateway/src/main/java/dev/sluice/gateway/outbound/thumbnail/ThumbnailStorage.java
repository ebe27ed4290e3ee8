package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails.Progress;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.database.image.Thumbnails.Attempt;
import dev.sluice.gateway.outbound.persistence.ObjectWrites;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Stores the thumbnails of images: objects first, then all of an image's rows in one transaction, or none. */
public final class ThumbnailStorage {
    private static final Logger LOG = LoggerFactory.getLogger(ThumbnailStorage.class);
    private static final int READ_BYTES = 64 * 1024;

    private final ObjectStore store;
    private final ObjectWrites objects;
    private final Thumbnails rows;
    private final ThumbnailMeters meters;
    private final Duration atIntake;
    private final Clock clock;
    private final DataBufferFactory buffers;

    /** @param atIntake how long a new image waits for its thumbnails */
    ThumbnailStorage(
            ObjectStore store,
            ObjectWrites objects,
            Thumbnails rows,
            ThumbnailMeters meters,
            Duration atIntake,
            Clock clock,
            DataBufferFactory buffers) {
        this.store = store;
        this.objects = objects;
        this.rows = rows;
        this.meters = meters;
        this.atIntake = atIntake;
        this.clock = clock;
        this.buffers = buffers;
    }

    /**
     * Stores the thumbnails of an image that has just been stored, and gives what it has now. Never fails, and ends in
     * time: what cannot be stored now is left to the background.
     */
    public Mono<ImageThumbnails> storeAtIntake(UUID imageId, String owner, ImageObject image, ReceivedFile file) {
        Thumbnails.Job job = Thumbnails.Job.ofStored(imageId, owner, image);
        // A file that was only checked has neither, whatever its size.
        boolean isPictured = file.placeholder() != null || !file.thumbnails().isEmpty();
        return isPictured
                ? store(job, file)
                        .timeout(atIntake)
                        .doOnNext(stored -> meters.made(ThumbnailMeters.Origin.INTAKE))
                        .defaultIfEmpty(ImageThumbnails.WAITING)
                        .onErrorResume(failure -> {
                            LOG.atWarn()
                                    .addKeyValue("image.id", imageId)
                                    .log("thumbnails of {} are left for later: {}", imageId, failure.toString());
                            meters.failed(ThumbnailMeters.reason(failure));
                            return later(job);
                        })
                : later(job);
    }

    private Mono<ImageThumbnails> later(Thumbnails.Job job) {
        return rows.retryAt(job, clock.instant(), Attempt.UNCOUNTED)
                .onErrorComplete()
                .thenReturn(ImageThumbnails.WAITING);
    }

    /**
     * Stores the thumbnails of a file, in place of those that its image had. Empty, and nothing is stored, when the job
     * is no longer its holder's.
     */
    Mono<ImageThumbnails> store(Thumbnails.Job job, ReceivedFile file) {
        return Mono.defer(() -> {
            Map<Thumbnail, ImageThumbnails.Stored> planned = plan(job, file);
            List<ImageThumbnails.Stored> stored = List.copyOf(planned.values());
            Mono<ImageThumbnails> work = Flux.fromIterable(planned.entrySet())
                    .concatMap(each -> put(each.getKey(), each.getValue()), 1)
                    .then(rows.complete(
                            job, file.picture().width(), file.picture().height(), file.placeholder(), stored))
                    .filter(completed -> completed)
                    .map(completed -> new ImageThumbnails(Progress.DONE, file.placeholder(), stored));
            return stored.isEmpty()
                    ? work
                    : objects.run(
                            job.owner(),
                            stored.stream()
                                    .map(each -> new ObjectIntents.Announced(each.key(), each.size()))
                                    .toList(),
                            job.imageId(),
                            // Their image was within the quota, and its owner did not ask for thumbnails.
                            QuotaMode.COUNTED,
                            () -> work);
        });
    }

    /** New keys for each attempt, so that a late one overwrites nothing. */
    private static Map<Thumbnail, ImageThumbnails.Stored> plan(Thumbnails.Job job, ReceivedFile file) {
        ObjectKey image = new ObjectKey(job.objectKey());
        UUID id = UUID.randomUUID();
        Map<Thumbnail, ImageThumbnails.Stored> planned = new LinkedHashMap<>();
        for (Thumbnail thumbnail : file.thumbnails()) {
            ObjectKey key = ObjectKey.thumbnail(
                    image, thumbnail.width(), id, thumbnail.type().extension());
            planned.put(
                    thumbnail,
                    new ImageThumbnails.Stored(
                            key.value(),
                            thumbnail.type().mediaType(),
                            thumbnail.size(),
                            thumbnail.etag(),
                            thumbnail.width(),
                            thumbnail.height()));
        }
        return planned;
    }

    private Mono<Void> put(Thumbnail thumbnail, ImageThumbnails.Stored as) {
        return store.put(
                        new ObjectKey(as.key()),
                        new NewObject(as.contentType(), as.size()),
                        DataBufferUtils.read(thumbnail.file(), buffers, READ_BYTES))
                .then();
    }
}
