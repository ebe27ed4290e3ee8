package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.Rows;
import io.r2dbc.spi.Readable;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;

/**
 * The three steps of a deletion: the image becomes invisible, its object is deleted, its row is deleted. Two callers
 * may delete the same image at once: both begin and both finish. The reconciler finishes a deletion that a crash
 * interrupts.
 */
public final class ImageDeletion {
    private final Database database;
    private final Clock clock;

    ImageDeletion(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Makes an image invisible and ends its job, unless something uses it. An image whose deletion has already begun
     * begins once more, so that a failed deletion can be requested again; from then on it is not restored.
     */
    public Mono<Start> begin(UUID id, ImageScope scope) {
        return database.transaction(client -> ImageRows.lock(
                        client, Conditions.within(scope).and("id = :id", "id", id))
                .flatMap(_ -> ImageUsages.count(client, id))
                .flatMap(usages -> usages.isEmpty() ? mark(client, id) : Mono.just((Start) new Start.InUse(usages)))
                .defaultIfEmpty(new Start.Absent()));
    }

    private Mono<Start> mark(DatabaseClient client, UUID id) {
        return client.sql("UPDATE images SET deleting_since = COALESCE(deleting_since, :now),"
                        + " deletions = deletions + 1 WHERE id = :id")
                .bind("now", time(clock.instant()))
                .bind("id", id)
                .then()
                .then(GenerationJobs.end(client, id))
                .then(image(client, id))
                .flatMap(image -> attempt(client, id).map(attempt -> new Start.Begun(image, attempt)));
    }

    private static Mono<Image> image(DatabaseClient client, UUID id) {
        return new Conditions()
                .and("id = :id", "id", id)
                .statement(client, ImageRows.SELECT, "")
                .map(ImageRows::read)
                .one();
    }

    private static Mono<Integer> attempt(DatabaseClient client, UUID id) {
        return client.sql("SELECT deletions FROM images WHERE id = :id")
                .bind("id", id)
                .map(row -> Objects.requireNonNull(row.get("deletions", Integer.class)))
                .one();
    }

    /**
     * Removes the row, after its object is gone. Only an image whose deletion has begun; any other stays. Of one that
     * was uploaded a moment ago its bytes stay counted until its URL cannot bring them back.
     */
    public Mono<Void> finish(UUID id) {
        return database.transaction(client -> client.sql("""
                        SELECT owner, CASE WHEN object_key IS NULL THEN 0 ELSE size_bytes END AS image_bytes,
                            CAST((SELECT COALESCE(SUM(thumbnails.size_bytes), 0) FROM thumbnails
                                WHERE thumbnails.image_id = images.id) AS BIGINT) AS thumbnail_bytes
                        FROM images WHERE id = :id AND deleting_since IS NOT NULL FOR UPDATE
                        """)
                .bind("id", id)
                .map(Deleted::read)
                .one()
                .flatMap(deleted -> client.sql("DELETE FROM images WHERE id = :id")
                        .bind("id", id)
                        .then()
                        .then(OwnerStorage.lock(client, deleted.owner()))
                        .then(OwnerStorage.release(client, deleted.owner(), deleted.bytes()))
                        .then(ObjectIntents.countAgain(client, deleted.owner(), id))));
    }

    /** What an image takes of its owner's quota. */
    private record Deleted(String owner, long bytes) {

        static Deleted read(Readable row) {
            return new Deleted(
                    Rows.text(row, "owner"), Rows.number(row, "image_bytes") + Rows.number(row, "thumbnail_bytes"));
        }
    }

    /**
     * Makes an image visible again, because the store refused and the object is known to be there still. One that was
     * being generated has lost its job and is failed. Only the deletion that made it invisible does so, and only while
     * no other has begun, which may have removed the object since.
     *
     * @return whether it is visible again; if not, it is to be deleted
     */
    public Mono<Boolean> restore(Start.Begun begun) {
        if (begun.attempt() != 1) {
            return Mono.just(false);
        }
        return database.transaction(client -> client.sql("""
                        UPDATE images SET deleting_since = NULL, deletions = 0, updated_at = :now,
                            error_code = CASE WHEN status = 'generating' THEN 'cancelled' ELSE error_code END,
                            error_detail = CASE WHEN status = 'generating' THEN 'Deleted while it was generated'
                                ELSE error_detail END,
                            status = CASE WHEN status = 'generating' THEN 'failed' ELSE status END
                        WHERE id = :id AND deleting_since IS NOT NULL AND deletions = 1
                        """)
                .bind("now", time(clock.instant()))
                .bind("id", begun.image().id())
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /** What came of the wish to delete an image. */
    public sealed interface Start {

        /**
         * The image is invisible now. Remove its object, if it has one, then finish.
         *
         * @param attempt 1 for the deletion that made it invisible; the fence of {@link ImageDeletion#restore}
         */
        record Begun(Image image, int attempt) implements Start {}

        /** Nothing has changed: it is in use. */
        record InUse(List<ImageUsages.Count> usages) implements Start {
            public InUse {
                usages = List.copyOf(usages);
            }
        }

        /** There is no such image in scope. */
        record Absent() implements Start {}
    }
}
