package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.bind;
import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.Rows;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table {@code object_intents}: keys under which an object may be in the store although no row names it. An intent
 * is written before the object; the transaction that names the key in a row deletes it, or the removal of the object
 * does. The order of the steps is drawn on the package's page.
 */
public final class ObjectIntents {
    private static final int MOST_AT_ONCE = 1000;
    /** What a put that began in time may take after its URL has ended, before its object is looked for. */
    private static final Duration LATE_PUT = Duration.ofMinutes(10);

    private final Database database;
    private final Clock clock;
    private final long quota;
    private final int mostImages;

    ObjectIntents(Database database, StorageQuota quota, Clock clock) {
        this.database = database;
        this.quota = quota.bytes();
        this.mostImages = quota.images();
        this.clock = clock;
    }

    /** Whether an owner's quota is enforced. */
    public enum QuotaMode {
        /** What exceeds the quota is refused. */
        ENFORCED,
        /** Counted and never refused: reserved before, or the gateway's own doing. */
        COUNTED
    }

    /**
     * Announces that objects are about to be put, and counts them as their owner's. They may be put once this has
     * completed, and only then. Fails with {@link DatabaseException.Kind#CONFLICT} if a key is announced already, and
     * with {@link QuotaExceededException.OfStorage} and {@link QuotaExceededException.OfImages}.
     *
     * @param objects each key once
     * @param timeToLive how long the puts and their transaction may take; afterwards the objects may be removed
     */
    public Mono<Void> announce(
            String owner, List<Announced> objects, UUID imageId, Duration timeToLive, QuotaMode mode) {
        Instant now = clock.instant();
        long bytes = objects.stream().mapToLong(Announced::size).sum();
        long most = mode == QuotaMode.ENFORCED ? quota : Long.MAX_VALUE;
        return database.transaction(client -> OwnerStorage.reserve(client, owner, bytes, most)
                .then(
                        mode == QuotaMode.ENFORCED
                                ? OwnerStorage.checkImages(client, owner, objects.size(), mostImages)
                                : Mono.empty())
                .thenMany(Flux.fromIterable(objects)
                        .concatMap(object -> announce(client, owner, object, imageId, now.plus(timeToLive), null, now)))
                .then());
    }

    /**
     * Part of a transaction that announces more than a key, and has counted its bytes.
     *
     * @param putUntil when the last put may begin that a signed URL allows; null if there is no such URL
     */
    static Mono<Void> announce(
            DatabaseClient client,
            String owner,
            Announced object,
            UUID imageId,
            Instant expires,
            @Nullable Instant putUntil,
            Instant now) {
        var row = client.sql("""
                        INSERT INTO object_intents (object_key, image_id, owner, size_bytes, expires_at, removing,
                            put_until, created_at)
                        VALUES (:key, :image, :owner, :size, :expires, FALSE, :until, :now)
                        """)
                .bind("key", object.key())
                .bind("image", imageId)
                .bind("owner", owner)
                .bind("size", object.size())
                .bind("expires", time(expires))
                .bind("now", time(now));
        return bind(row, "until", putUntil).then();
    }

    /**
     * Part of a transaction: how many of an owner's uploads are live. Those are all that may still become an image, and
     * all whose URL may still put an object, whatever has taken their place; not those that are an image that is there.
     */
    static Mono<Long> live(DatabaseClient client, String owner, Instant now) {
        return client.sql("""
                        SELECT COUNT(*) AS live FROM object_intents
                        LEFT JOIN uploads ON uploads.object_key = object_intents.object_key
                        WHERE object_intents.owner = :owner AND put_until IS NOT NULL
                            AND (put_until > :now OR (NOT removing AND expires_at > :now
                                AND uploads.image_id IS NOT NULL AND uploads.completed_at IS NULL))
                            AND NOT (uploads.completed_at IS NOT NULL AND EXISTS (SELECT 1 FROM images
                                WHERE images.id = uploads.image_id AND images.deleting_since IS NULL))
                        """)
                .bind("owner", owner)
                .bind("now", time(now))
                .map(row -> Rows.number(row, "live"))
                .one();
    }

    /**
     * Part of the transaction that makes an upload an image, and has its owner's lock: what is under the upload's own
     * key counts no more, since the image is a copy that counts. The key stays known until its URL has ended, for as
     * long as that may bring the object back.
     */
    static Mono<Void> uncount(DatabaseClient client, String owner, UUID imageId) {
        return client.sql("""
                        SELECT object_key, size_bytes FROM object_intents WHERE object_key IN
                            (SELECT uploads.object_key FROM uploads WHERE uploads.image_id = :image)
                        FOR UPDATE
                        """)
                .bind("image", imageId)
                .map(row -> new Announced(Rows.text(row, "object_key"), Rows.number(row, "size_bytes")))
                .one()
                .flatMap(upload -> client.sql(
                                "UPDATE object_intents SET size_bytes = 0,"
                                        + " expires_at = LEAST(expires_at, COALESCE(put_until, expires_at)) WHERE object_key = :key")
                        .bind("key", upload.key())
                        .then()
                        .then(OwnerStorage.release(client, owner, upload.size())));
    }

    /**
     * Part of the transaction that ends an image, and has its owner's lock: what its upload's URL may bring back counts
     * as long as the upload's key is known, since there is no image any more that counts instead.
     */
    static Mono<Void> countAgain(DatabaseClient client, String owner, UUID imageId) {
        return client.sql("""
                        UPDATE object_intents SET size_bytes = (SELECT uploads.size_bytes FROM uploads
                            WHERE uploads.object_key = object_intents.object_key)
                        WHERE size_bytes = 0 AND object_key IN
                            (SELECT uploads.object_key FROM uploads WHERE uploads.image_id = :image)
                        """)
                .bind("image", imageId)
                .fetch()
                .rowsUpdated()
                .filter(rows -> rows == 1)
                .flatMap(_ -> client.sql("SELECT size_bytes FROM uploads WHERE image_id = :image")
                        .bind("image", imageId)
                        .map(row -> Rows.number(row, "size_bytes"))
                        .one())
                .flatMap(size -> OwnerStorage.reserve(client, owner, size, Long.MAX_VALUE));
    }

    /**
     * Abandons an announced key: from then on no row can name it, and its object may be deleted.
     *
     * @return false if there is no such intent, so that the object must not be deleted: a row names it, or it is
     *     deleted already
     */
    public Mono<Boolean> abandon(String key) {
        return database.transaction(
                client -> client.sql("UPDATE object_intents SET removing = TRUE WHERE object_key = :key")
                        .bind("key", key)
                        .fetch()
                        .rowsUpdated()
                        .map(rows -> rows == 1));
    }

    /**
     * Takes expired and abandoned intents, oldest first, and abandons them; not those whose signed URL may still put
     * the object again. Several gateways may take the same one; deleting an object twice is harmless.
     *
     * @param most 1 to 1000
     */
    public Mono<List<Intent>> takeExpired(int most) {
        if (most < 1 || most > MOST_AT_ONCE) {
            throw new IllegalArgumentException("most: " + most + " (expected: 1 to " + MOST_AT_ONCE + ")");
        }
        Instant now = clock.instant();
        return database.transaction(client -> client.sql("""
                        SELECT object_key, image_id FROM object_intents WHERE (removing OR expires_at <= :now)
                            AND (put_until IS NULL OR put_until <= :ended)
                        ORDER BY expires_at, object_key LIMIT :most FOR UPDATE SKIP LOCKED
                        """)
                .bind("now", time(now))
                .bind("ended", time(now.minus(LATE_PUT)))
                .bind("most", (long) most)
                .map(row -> new Intent(Rows.text(row, "object_key"), Rows.uuid(row, "image_id")))
                .all()
                .collectList()
                .flatMap(intents -> Flux.fromIterable(intents)
                        .concatMap(intent -> markRemoving(client, intent))
                        .collectList()));
    }

    private static Mono<Intent> markRemoving(DatabaseClient client, Intent intent) {
        return client.sql("UPDATE object_intents SET removing = TRUE WHERE object_key = :key")
                .bind("key", intent.key())
                .fetch()
                .rowsUpdated()
                .filter(rows -> rows == 1)
                .map(_ -> intent);
    }

    /** Deletes an abandoned intent, after its object was deleted; any other stays. */
    public Mono<Void> forget(String key) {
        return database.transaction(client -> client.sql(
                        "SELECT owner, size_bytes FROM object_intents WHERE object_key = :key AND removing")
                .bind("key", key)
                .map(row -> new Counted(row.get("owner", String.class), Rows.number(row, "size_bytes")))
                .one()
                .flatMap(counted -> forget(client, key, counted.owner(), counted.size())));
    }

    /** @param owner null where a gateway that knew nothing of it announced the key */
    private record Counted(@Nullable String owner, long size) {}

    private static Mono<Void> forget(DatabaseClient client, String key, @Nullable String owner, long size) {
        return owner == null
                ? remove(client, key).then()
                : OwnerStorage.lock(client, owner)
                        .then(remove(client, key))
                        .filter(rows -> rows == 1)
                        .flatMap(_ -> OwnerStorage.release(client, owner, size));
    }

    private static Mono<Long> remove(DatabaseClient client, String key) {
        return client.sql("DELETE FROM object_intents WHERE object_key = :key AND removing")
                .bind("key", key)
                .fetch()
                .rowsUpdated();
    }

    /** Part of the transaction that makes a row name the key. */
    static Mono<Void> consume(DatabaseClient client, String key) {
        return client.sql("DELETE FROM object_intents WHERE object_key = :key AND NOT removing")
                .bind("key", key)
                .fetch()
                .rowsUpdated()
                .flatMap(rows -> rows == 1
                        ? Mono.empty()
                        : Mono.error(new DatabaseException(
                                DatabaseException.Kind.CONFLICT,
                                "no row may name " + key + ": not announced, or given up")));
    }

    /**
     * An object that is about to be put.
     *
     * @param key never used before
     * @param size in bytes
     */
    public record Announced(String key, long size) {
        /** Checks the form. */
        public Announced {
            ImageObject.checkKey(key);
            if (size < 0) {
                throw new IllegalArgumentException("size: " + size + " (expected: 0 or more)");
            }
        }
    }

    /** An object that may be in the store and belongs to no row: it is to be removed, and then forgotten. */
    public record Intent(String key, UUID imageId) {}
}
