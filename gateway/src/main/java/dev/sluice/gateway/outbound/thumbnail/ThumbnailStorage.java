package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.outbound.custody.AnnouncedObjects;
import dev.sluice.gateway.outbound.database.AnnouncedObject;
import dev.sluice.gateway.outbound.database.ImageThumbnails;
import dev.sluice.gateway.outbound.database.ImageThumbnails.Progress;
import dev.sluice.gateway.outbound.database.ObjectIntents.Room;
import dev.sluice.gateway.outbound.database.StoredObject;
import dev.sluice.gateway.outbound.database.StoredThumbnail;
import dev.sluice.gateway.outbound.database.ThumbnailJob;
import dev.sluice.gateway.outbound.database.Thumbnails;
import dev.sluice.gateway.outbound.database.Thumbnails.Try;
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
    private final AnnouncedObjects objects;
    private final Thumbnails rows;
    private final ThumbnailMeters meters;
    private final Duration atIntake;
    private final Clock clock;
    private final DataBufferFactory buffers;

    /** @param atIntake how long a new image waits for its thumbnails */
    ThumbnailStorage(
            ObjectStore store,
            AnnouncedObjects objects,
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
    public Mono<ImageThumbnails> storeAtIntake(UUID imageId, String owner, StoredObject image, ReceivedFile file) {
        ThumbnailJob job = ThumbnailJob.ofStored(imageId, owner, image);
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
                            meters.failed(ThumbnailTask.reason(failure));
                            return later(job);
                        })
                : later(job);
    }

    private Mono<ImageThumbnails> later(ThumbnailJob job) {
        return rows.retryAt(job, clock.instant(), Try.FORGOTTEN)
                .onErrorComplete()
                .thenReturn(ImageThumbnails.WAITING);
    }

    /**
     * Stores the thumbnails of a file, in place of those that its image had. Empty, and nothing is stored, when the job
     * is no longer its holder's.
     */
    Mono<ImageThumbnails> store(ThumbnailJob job, ReceivedFile file) {
        return Mono.defer(() -> {
            Map<Thumbnail, StoredThumbnail> placed = places(job, file);
            List<StoredThumbnail> stored = List.copyOf(placed.values());
            Mono<ImageThumbnails> work = Flux.fromIterable(placed.entrySet())
                    .concatMap(each -> put(each.getKey(), each.getValue()), 1)
                    .then(rows.complete(
                            job, file.picture().width(), file.picture().height(), file.placeholder(), stored))
                    .filter(completed -> completed)
                    .map(completed -> new ImageThumbnails(Progress.DONE, file.placeholder(), stored));
            return stored.isEmpty()
                    ? work
                    : objects.named(
                            job.owner(),
                            stored.stream()
                                    .map(each -> new AnnouncedObject(each.key(), each.size()))
                                    .toList(),
                            job.imageId(),
                            // What they are copies of was admitted, and who owns it did not ask for them.
                            Room.ADMITTED,
                            () -> work);
        });
    }

    /** Never the same keys again, so that one who comes too late overwrites nothing. */
    private static Map<Thumbnail, StoredThumbnail> places(ThumbnailJob job, ReceivedFile file) {
        ObjectKey image = new ObjectKey(job.objectKey());
        UUID id = UUID.randomUUID();
        Map<Thumbnail, StoredThumbnail> placed = new LinkedHashMap<>();
        for (Thumbnail thumbnail : file.thumbnails()) {
            ObjectKey key = ObjectKey.thumbnail(
                    image, thumbnail.width(), id, thumbnail.type().extension());
            placed.put(
                    thumbnail,
                    new StoredThumbnail(
                            key.value(),
                            thumbnail.type().mediaType(),
                            thumbnail.size(),
                            thumbnail.etag(),
                            thumbnail.width(),
                            thumbnail.height()));
        }
        return placed;
    }

    private Mono<Void> put(Thumbnail thumbnail, StoredThumbnail as) {
        return store.put(
                        new ObjectKey(as.key()),
                        new NewObject(as.contentType(), as.size()),
                        DataBufferUtils.read(thumbnail.file(), buffers, READ_BYTES))
                .then();
    }
}
