package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.StoredText;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;

/** The table {@code image_usages}: what uses an image, and as what. An image in use is not deleted. */
public final class ImageUsages {
    private static final int LONGEST_NAME = 64;
    private static final int LONGEST_REF = 255;

    private final Database database;
    private final int most;
    private final Clock clock;

    ImageUsages(Database database, StorageQuota quota, Clock clock) {
        this.database = database;
        this.most = quota.usages();
        this.clock = clock;
    }

    /**
     * Says that something uses an image, or that it does so in another role now. Fails with
     * {@link QuotaExceededException.OfUsages} if the images of its owner have as many usages as they may.
     *
     * @param kind for example {@code article}, at most 64 characters
     * @param ref which one, at most 255 characters
     * @param role for example {@code featured}, at most 64 characters
     * @return false if there is no such image in scope
     */
    public Mono<Boolean> put(UUID id, ImageScope scope, String kind, String ref, String role) {
        check(kind, ref);
        StoredText.checkNotBlank("role", role, LONGEST_NAME);
        return database.transaction(client -> ImageRows.lock(
                        client, Conditions.visible(scope).and("id = :id", "id", id))
                .flatMap(_ -> one(client, "UPDATE image_usages SET role = :role", id, kind, ref)
                        .bind("role", role)
                        .fetch()
                        .rowsUpdated())
                .flatMap(rows -> rows == 1
                        ? Mono.just(true)
                        : roomForOne(client, id)
                                .then(client.sql("""
                                                INSERT INTO image_usages (image_id, kind, ref, role, created_at)
                                                VALUES (:id, :kind, :ref, :role, :now)
                                                """)
                                        .bind("id", id)
                                        .bind("kind", kind)
                                        .bind("ref", ref)
                                        .bind("role", role)
                                        .bind("now", time(clock.instant()))
                                        .then())
                                .thenReturn(true))
                .defaultIfEmpty(false));
    }

    /** Counts under the lock of the owner's row, so that no two at once take the last place. */
    private Mono<Void> roomForOne(DatabaseClient client, UUID id) {
        return client.sql("SELECT owner FROM images WHERE id = :id")
                .bind("id", id)
                .map(row -> Rows.text(row, "owner"))
                .one()
                .flatMap(owner -> OwnerStorage.lock(client, owner)
                        .then(client.sql("""
                                        SELECT COUNT(*) AS usages FROM image_usages
                                        JOIN images ON images.id = image_usages.image_id WHERE images.owner = :owner
                                        """)
                                .bind("owner", owner)
                                .map(row -> Rows.number(row, "usages"))
                                .one()))
                .flatMap(noted ->
                        noted < most ? Mono.empty() : Mono.error(() -> new QuotaExceededException.OfUsages(most)));
    }

    /**
     * Says that something uses an image no longer, which it need not have done.
     *
     * @return false if there is no such image in scope
     */
    public Mono<Boolean> remove(UUID id, ImageScope scope, String kind, String ref) {
        check(kind, ref);
        return database.transaction(
                client -> ImageRows.lock(client, Conditions.visible(scope).and("id = :id", "id", id))
                        .flatMap(_ -> one(client, "DELETE FROM image_usages", id, kind, ref)
                                .then()
                                .thenReturn(true))
                        .defaultIfEmpty(false));
    }

    /** What uses an image, by role and kind, the most first; empty also if there is no such image in scope. */
    public Mono<List<Count>> count(UUID id, ImageScope scope) {
        return database.query(client -> Conditions.visible(scope)
                .and("id = :id", "id", id)
                .statement(client, "SELECT id FROM images", "")
                .map(row -> Rows.uuid(row, "id"))
                .one()
                .flatMap(_ -> count(client, id))
                .defaultIfEmpty(List.of()));
    }

    static Mono<List<Count>> count(DatabaseClient client, UUID id) {
        return client.sql("""
                        SELECT role, kind, COUNT(*) AS usages FROM image_usages WHERE image_id = :id
                        GROUP BY role, kind ORDER BY usages DESC, role, kind
                        """)
                .bind("id", id)
                .map(row -> new Count(Rows.text(row, "role"), Rows.text(row, "kind"), Rows.number(row, "usages")))
                .all()
                .collectList();
    }

    private static DatabaseClient.GenericExecuteSpec one(
            DatabaseClient client, String statement, UUID id, String kind, String ref) {
        return client.sql(statement + " WHERE image_id = :id AND kind = :kind AND ref = :ref")
                .bind("id", id)
                .bind("kind", kind)
                .bind("ref", ref);
    }

    private static void check(String kind, String ref) {
        StoredText.checkNotBlank("kind", kind, LONGEST_NAME);
        StoredText.checkNotBlank("ref", ref, LONGEST_REF);
    }

    /** How many things of one kind use an image in one role: as {@code featured} image, 3 of {@code article}. */
    public record Count(String role, String kind, long count) {}
}
