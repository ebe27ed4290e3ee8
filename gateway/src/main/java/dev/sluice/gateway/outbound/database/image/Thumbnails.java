package dev.sluice.gateway.outbound.database;

import static dev.sluice.gateway.outbound.database.Rows.bind;
import static dev.sluice.gateway.outbound.database.Rows.time;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table {@code thumbnails}, and which images have still to get theirs. The states are drawn in the package's own
 * page.
 *
 * <p>What takes a {@link ThumbnailJob} answers false, and has changed nothing, when that claim is no longer the latest,
 * or the image is being deleted or has lost its object: what was stored for it is then removed by its caller.
 */
public final class Thumbnails {
    /** For so long a new image's thumbnails are left to whoever stores it, before others may claim them. */
    static final Duration FIRST_LEASE = Duration.ofMinutes(5);

    private static final int LONGEST_CODE = 64;

    private final Database database;
    private final Clock clock;

    Thumbnails(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Claims the image that became due last: newest first, so that what people look at does not wait for a backlog.
     * Empty if none is due.
     *
     * @param contentTypes of images that can be decoded here; others are left to a gateway that can
     */
    public Mono<ThumbnailJob> claim(Set<String> contentTypes, Duration lease) {
        if (contentTypes.isEmpty()) {
            return Mono.empty();
        }
        Instant now = clock.instant();
        return database.change(client -> client.sql("""
                        SELECT id, owner, object_key, content_type, picture_tries FROM images
                        WHERE picture_due <= :now AND content_type IN (:types) AND object_key IS NOT NULL
                            AND deleting_since IS NULL
                        ORDER BY picture_due DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
                        """)
                .bind("now", time(now))
                .bind("types", List.copyOf(contentTypes))
                .map(row -> new ThumbnailJob(
                        Rows.uuid(row, "id"),
                        Rows.text(row, "owner"),
                        Rows.text(row, "object_key"),
                        Rows.text(row, "content_type"),
                        Objects.requireNonNull(row.get("picture_tries", Integer.class)) + 1))
                .one()
                .flatMap(job -> take(client, job, now.plus(lease))));
    }

    /** Compares before it sets, so that the lock alone need not be trusted. */
    private static Mono<ThumbnailJob> take(DatabaseClient client, ThumbnailJob job, Instant until) {
        return client.sql("UPDATE images SET picture_tries = :attempt, picture_due = :until"
                        + " WHERE id = :id AND picture_tries = :before")
                .bind("attempt", job.attempt())
                .bind("before", job.attempt() - 1)
                .bind("until", time(until))
                .bind("id", job.imageId())
                .fetch()
                .rowsUpdated()
                .filter(rows -> rows == 1)
                .map(_ -> job);
    }

    /**
     * Gives an image the thumbnails whose objects are stored under announced keys, in place of any that it had, and the
     * size that it has as people see it. The objects of those that it had are given up, to be removed like any other
     * that was. {@link DatabaseFailure#CONFLICT} if an intent has expired.
     */
    public Mono<Boolean> complete(
            ThumbnailJob job, int width, int height, @Nullable String placeholder, List<StoredThumbnail> thumbnails) {
        Instant now = clock.instant();
        return database.change(client -> locked(
                client,
                job,
                giveUp(client, job.imageId(), now)
                        .thenMany(Flux.fromIterable(thumbnails).concatMap(each -> insert(client, job, each)))
                        .then(bind(
                                        client.sql("""
                                                UPDATE images SET width = :width, height = :height,
                                                    placeholder = :placeholder, picture_due = NULL, picture_tries = 0,
                                                    picture_error = NULL
                                                WHERE id = :id
                                                """)
                                                .bind("width", width)
                                                .bind("height", height)
                                                .bind("id", job.imageId()),
                                        "placeholder",
                                        placeholder)
                                .then())));
    }

    private static Mono<Void> insert(DatabaseClient client, ThumbnailJob job, StoredThumbnail thumbnail) {
        return client.sql("""
                        INSERT INTO thumbnails (image_id, width, height, object_key, content_type, size_bytes, etag)
                        VALUES (:image, :width, :height, :key, :type, :size, :etag)
                        """)
                .bind("image", job.imageId())
                .bind("width", thumbnail.width())
                .bind("height", thumbnail.height())
                .bind("key", thumbnail.key())
                .bind("type", thumbnail.contentType())
                .bind("size", thumbnail.size())
                .bind("etag", thumbnail.etag())
                .then()
                .then(ObjectIntents.redeem(client, thumbnail.key()));
    }

    /** Part of a transaction that has the image's lock: its thumbnails are named no more, and their objects go. */
    static Mono<Void> giveUp(DatabaseClient client, UUID imageId, Instant now) {
        return client.sql("""
                        INSERT INTO object_intents (object_key, image_id, owner, size_bytes, expires_at, removing,
                            created_at)
                        SELECT thumbnails.object_key, image_id, owner, thumbnails.size_bytes, :now, TRUE, :now
                        FROM thumbnails JOIN images ON images.id = image_id WHERE image_id = :image
                        """)
                .bind("now", time(now))
                .bind("image", imageId)
                .then()
                .then(client.sql("DELETE FROM thumbnails WHERE image_id = :image")
                        .bind("image", imageId)
                        .then());
    }

    /** Ends the lease: the job is due again at that time. */
    public Mono<Boolean> retryAt(ThumbnailJob job, Instant next, Try tried) {
        int tries = tried == Try.COUNTED ? job.attempt() : Math.max(0, job.attempt() - 1);
        return database.change(client -> locked(
                client,
                job,
                client.sql("UPDATE images SET picture_due = :next, picture_tries = :tries WHERE id = :id")
                        .bind("next", time(next))
                        .bind("tries", tries)
                        .bind("id", job.imageId())
                        .then()));
    }

    /** Whether a try that came to nothing may have been the image's own fault. */
    public enum Try {
        COUNTED,
        FORGOTTEN
    }

    /**
     * Says that the image cannot be decoded. Thumbnails that it had stay.
     *
     * @param code why, at most 64 characters
     */
    public Mono<Boolean> impossible(ThumbnailJob job, String code) {
        Text.checkPresent("code", code, LONGEST_CODE);
        return database.change(client -> locked(
                client,
                job,
                client.sql("UPDATE images SET picture_due = NULL, picture_error = :code WHERE id = :id")
                        .bind("code", code)
                        .bind("id", job.imageId())
                        .then()));
    }

    /**
     * A thumbnail whose object is gone from the store without its doing: its row goes too, and the image's thumbnails
     * are due at once.
     *
     * @return whether a row named the key
     */
    public Mono<Boolean> lost(UUID imageId, String objectKey) {
        return database.change(client -> ImageRows.lock(
                        client, new Conditions().and("id = :id", "id", imageId).and("deleting_since IS NULL"))
                .flatMap(_ -> remove(client, imageId, objectKey))
                .flatMap(_ -> client.sql("UPDATE images SET picture_due = :now, picture_tries = 0,"
                                + " picture_error = NULL WHERE id = :id")
                        .bind("now", time(clock.instant()))
                        .bind("id", imageId)
                        .then()
                        .thenReturn(true))
                .defaultIfEmpty(false));
    }

    /** Empty if there is no such thumbnail. */
    private static Mono<Boolean> remove(DatabaseClient client, UUID imageId, String objectKey) {
        return client.sql("""
                        SELECT owner, thumbnails.size_bytes AS bytes FROM thumbnails
                        JOIN images ON images.id = image_id WHERE image_id = :id AND thumbnails.object_key = :key
                        """)
                .bind("id", imageId)
                .bind("key", objectKey)
                .map(row -> OwnerStorage.giveBack(client, Rows.text(row, "owner"), Rows.number(row, "bytes")))
                .one()
                .flatMap(back -> client.sql("DELETE FROM thumbnails WHERE image_id = :id AND object_key = :key")
                        .bind("id", imageId)
                        .bind("key", objectKey)
                        .then()
                        .then(back)
                        .thenReturn(true));
    }

    /** How many images of these types have still to get their thumbnails, due or claimed. */
    public Mono<Long> waiting(Set<String> contentTypes) {
        return contentTypes.isEmpty()
                ? Mono.just(0L)
                : database.ask(client -> client.sql("SELECT COUNT(*) AS waiting FROM images"
                                + " WHERE picture_due IS NOT NULL AND content_type IN (:types)"
                                + " AND object_key IS NOT NULL AND deleting_since IS NULL")
                        .bind("types", List.copyOf(contentTypes))
                        .map(row -> Rows.number(row, "waiting"))
                        .one());
    }

    /** The image's lock first, as in every change of an image and what hangs on it. */
    private static Mono<Boolean> locked(DatabaseClient client, ThumbnailJob job, Mono<Void> change) {
        return ImageRows.lock(
                        client,
                        new Conditions()
                                .and("id = :id", "id", job.imageId())
                                .and("object_key = :key", "key", job.objectKey())
                                .and("picture_tries = :attempt", "attempt", job.attempt())
                                .and("picture_due IS NOT NULL AND deleting_since IS NULL"))
                .flatMap(_ -> change.thenReturn(true))
                .defaultIfEmpty(false);
    }
}
