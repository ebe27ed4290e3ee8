package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.bind;
import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.StoredText;
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
 * <p>What takes a {@link Job} answers false, and has changed nothing, when that claim is no longer the latest, or the
 * image is being deleted or has lost its object: what was stored for it is then removed by its caller.
 */
public final class Thumbnails {
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
    public Mono<Job> claim(Set<String> contentTypes, Duration lease) {
        if (contentTypes.isEmpty()) {
            return Mono.empty();
        }
        Instant now = clock.instant();
        return database.transaction(client -> client.sql("""
                        SELECT id, owner, object_key, content_type, picture_tries FROM images
                        WHERE picture_due <= :now AND content_type IN (:types) AND object_key IS NOT NULL
                            AND deleting_since IS NULL
                        ORDER BY picture_due DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
                        """)
                .bind("now", time(now))
                .bind("types", List.copyOf(contentTypes))
                .map(row -> new Job(
                        Rows.uuid(row, "id"),
                        Rows.text(row, "owner"),
                        Rows.text(row, "object_key"),
                        Rows.text(row, "content_type"),
                        Objects.requireNonNull(row.get("picture_tries", Integer.class)) + 1))
                .one()
                .flatMap(job -> markClaimed(client, job, now.plus(lease))));
    }

    /** Compares before it sets, so that the lock alone need not be trusted. */
    private static Mono<Job> markClaimed(DatabaseClient client, Job job, Instant until) {
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
     * that was. {@link DatabaseException.Kind#CONFLICT} if an intent has expired.
     */
    public Mono<Boolean> complete(
            Job job, int width, int height, @Nullable String placeholder, List<ImageThumbnails.Stored> thumbnails) {
        Instant now = clock.instant();
        return database.transaction(client -> locked(
                client,
                job,
                abandon(client, job.imageId(), now)
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

    private static Mono<Void> insert(DatabaseClient client, Job job, ImageThumbnails.Stored thumbnail) {
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
                .then(ObjectIntents.consume(client, thumbnail.key()));
    }

    /**
     * Part of a transaction that has the image's lock: deletes the rows of its thumbnails, and has their objects
     * deleted.
     */
    static Mono<Void> abandon(DatabaseClient client, UUID imageId, Instant now) {
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
    public Mono<Boolean> retryAt(Job job, Instant next, Attempt attempt) {
        int tries = attempt == Attempt.COUNTED ? job.attempt() : Math.max(0, job.attempt() - 1);
        return database.transaction(client -> locked(
                client,
                job,
                client.sql("UPDATE images SET picture_due = :next, picture_tries = :tries WHERE id = :id")
                        .bind("next", time(next))
                        .bind("tries", tries)
                        .bind("id", job.imageId())
                        .then()));
    }

    /** Whether a failed attempt may have been the image's own fault. */
    public enum Attempt {
        COUNTED,
        UNCOUNTED
    }

    /**
     * Marks an image that cannot be decoded. Thumbnails that it has stay.
     *
     * @param code why, at most 64 characters
     */
    public Mono<Boolean> markUndecodable(Job job, String code) {
        StoredText.checkNotBlank("code", code, LONGEST_CODE);
        return database.transaction(client -> locked(
                client,
                job,
                client.sql("UPDATE images SET picture_due = NULL, picture_error = :code WHERE id = :id")
                        .bind("code", code)
                        .bind("id", job.imageId())
                        .then()));
    }

    /**
     * Deletes the row of a thumbnail whose object vanished from the store; the image's thumbnails are due at once.
     *
     * @return whether a row named the key
     */
    public Mono<Boolean> markLost(UUID imageId, String objectKey) {
        return database.transaction(client -> ImageRows.lock(
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
                .map(row -> OwnerStorage.release(client, Rows.text(row, "owner"), Rows.number(row, "bytes")))
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
                : database.query(client -> client.sql("SELECT COUNT(*) AS waiting FROM images"
                                + " WHERE picture_due IS NOT NULL AND content_type IN (:types)"
                                + " AND object_key IS NOT NULL AND deleting_since IS NULL")
                        .bind("types", List.copyOf(contentTypes))
                        .map(row -> Rows.number(row, "waiting"))
                        .one());
    }

    /** Takes the image's lock first, as every change of an image does. */
    private static Mono<Boolean> locked(DatabaseClient client, Job job, Mono<Void> change) {
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

    /**
     * The right to make an image's thumbnails, until its lease ends and another claims it.
     *
     * @param owner of the image
     * @param objectKey of the image itself
     * @param contentType of the image itself
     * @param attempt the fence, which no later claim shares: 0 for the request that stored the image, 1 for the first
     *     claim
     */
    public record Job(UUID imageId, String owner, String objectKey, String contentType, int attempt) {

        /** The right of the request that has just stored the image: it needs no claim. */
        public static Job ofStored(UUID imageId, String owner, ImageObject object) {
            return new Job(imageId, owner, object.key(), object.contentType(), 0);
        }
    }
}
