package dev.sluice.gateway.outbound.database;

import static dev.sluice.gateway.outbound.database.Rows.time;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table {@code object_intents}: keys under which an object may be in the store though no row names it. Written
 * before the object, gone with the transaction that makes a row name it, or after the object was removed. The order of
 * things is drawn in the package's own page.
 */
public final class ObjectIntents {
    private static final int MOST_AT_ONCE = 1000;

    private final Database database;
    private final Clock clock;

    ObjectIntents(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Says that an object is about to be put. The object may be put once this has completed, and only then.
     *
     * @param key never used before; {@link DatabaseFailure#CONFLICT} if it is announced already
     * @param patience how long the put and its transaction may take; afterwards the object may be removed
     */
    public Mono<Void> announce(String key, UUID imageId, Duration patience) {
        StoredObject.checkKey(key);
        Instant now = clock.instant();
        return database.change(client -> announce(client, key, imageId, now.plus(patience), now));
    }

    /**
     * Says the same of several objects at once.
     *
     * @param keys each once
     */
    public Mono<Void> announce(List<String> keys, UUID imageId, Duration patience) {
        keys.forEach(StoredObject::checkKey);
        Instant now = clock.instant();
        return database.change(client -> Flux.fromIterable(keys)
                .concatMap(key -> announce(client, key, imageId, now.plus(patience), now))
                .then());
    }

    /** Part of a transaction that announces more than a key. */
    static Mono<Void> announce(DatabaseClient client, String key, UUID imageId, Instant expires, Instant now) {
        return client.sql("""
                        INSERT INTO object_intents (object_key, image_id, expires_at, removing, created_at)
                        VALUES (:key, :image, :expires, FALSE, :now)
                        """)
                .bind("key", key)
                .bind("image", imageId)
                .bind("expires", time(expires))
                .bind("now", time(now))
                .then();
    }

    /**
     * Gives an announced key up: from now on no row can come to name it, and its object may be removed.
     *
     * @return false if there is no such intent, so that the object must not be removed: a row names it, or it is gone
     */
    public Mono<Boolean> abandon(String key) {
        return database.change(client -> client.sql("UPDATE object_intents SET removing = TRUE WHERE object_key = :key")
                .bind("key", key)
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /**
     * What is left behind, oldest first: expired, or given up by someone who did not come to an end. It is given up by
     * this. Several may take the same one; to remove an object twice does no harm.
     *
     * @param most 1 to 1000
     */
    public Mono<List<ObjectIntent>> takeExpired(int most) {
        if (most < 1 || most > MOST_AT_ONCE) {
            throw new IllegalArgumentException("most: " + most + " (expected: 1 to " + MOST_AT_ONCE + ")");
        }
        Instant now = clock.instant();
        return database.change(client -> client.sql("""
                        SELECT object_key, image_id FROM object_intents WHERE removing OR expires_at <= :now
                        ORDER BY expires_at, object_key LIMIT :most FOR UPDATE SKIP LOCKED
                        """)
                .bind("now", time(now))
                .bind("most", (long) most)
                .map(row -> new ObjectIntent(Rows.text(row, "object_key"), Rows.uuid(row, "image_id")))
                .all()
                .collectList()
                .flatMap(intents -> Flux.fromIterable(intents)
                        .concatMap(intent -> giveUp(client, intent))
                        .collectList()));
    }

    private static Mono<ObjectIntent> giveUp(DatabaseClient client, ObjectIntent intent) {
        return client.sql("UPDATE object_intents SET removing = TRUE WHERE object_key = :key")
                .bind("key", intent.key())
                .fetch()
                .rowsUpdated()
                .filter(rows -> rows == 1)
                .map(_ -> intent);
    }

    /** Forgets a key that was given up, after its object was removed; any other is left alone. */
    public Mono<Void> forget(String key) {
        return database.change(client -> client.sql("DELETE FROM object_intents WHERE object_key = :key AND removing")
                .bind("key", key)
                .then());
    }

    /** Part of the transaction that makes a row name the key. */
    static Mono<Void> redeem(DatabaseClient client, String key) {
        return client.sql("DELETE FROM object_intents WHERE object_key = :key AND NOT removing")
                .bind("key", key)
                .fetch()
                .rowsUpdated()
                .flatMap(rows -> rows == 1
                        ? Mono.empty()
                        : Mono.error(new DatabaseException(
                                DatabaseFailure.CONFLICT, "no row may name " + key + ": not announced, or given up")));
    }
}
