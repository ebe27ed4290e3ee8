package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.Rows;
import java.util.List;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;

/**
 * The table {@code owner_storage}: how many bytes of the store each owner uses. Counted are the objects of its images,
 * their thumbnails, announced objects, whether they were put or not, and what its generations under way may bring.
 *
 * <pre>
 *   announce a key            + its size, if the quota admits it      order a generation   + the largest it may be
 *   a row comes to name it      nothing: the row counts from now on   it ends, either way  − that
 *   the key is forgotten      − its size                              an image is deleted  − its size, its thumbnails'
 *   an upload is completed    − its size: its image is a copy, announced under another key
 *   that image is deleted     + its size, if the upload's key is still known
 * </pre>
 *
 * Each step is part of the transaction that does what it counts. It takes the owner's row after the locks of images and
 * jobs and before those of uploads and intents, so that nothing waits in a circle.
 */
public final class OwnerStorage {
    private static final int PAGE = 100;

    private final Database database;
    private final long quota;

    OwnerStorage(Database database, StorageQuota quota) {
        this.database = database;
        this.quota = quota.bytes();
    }

    /**
     * What is an owner's.
     *
     * @param used bytes; beyond the quota by the thumbnails of what it admitted, and where it was lowered
     * @param quota bytes
     */
    public record Use(long used, long quota) {

        /** Whether there is room for anything at all. */
        public boolean isFull() {
            return used >= quota;
        }
    }

    /** How much of the store is an owner's. */
    public Mono<Use> of(String owner) {
        return database.query(client -> used(client, owner).map(used -> new Use(used, quota)));
    }

    /**
     * Fails with {@link QuotaExceededException.OfStorage} if an owner has no room at all, before anything is fetched
     * for it. What it brings is counted when its size is known.
     */
    public Mono<Void> requireRoom(String owner) {
        return of(owner)
                .filter(Use::isFull)
                .flatMap(full -> Mono.error(() -> new QuotaExceededException.OfStorage(full.used(), 1, full.quota())));
    }

    /** Counts every owner's bytes anew, one owner after the other. */
    public Mono<Void> recount() {
        return page("").expand(owners -> owners.size() < PAGE ? Mono.empty() : page(owners.getLast()))
                .concatMapIterable(owners -> owners, 1)
                .concatMap(owner -> database.transaction(client -> recount(client, owner)), 1)
                .then();
    }

    private Mono<List<String>> page(String after) {
        return database.query(client -> client.sql("""
                        SELECT owner FROM (
                            SELECT owner FROM owner_storage WHERE owner > :after
                            UNION SELECT owner FROM images WHERE owner > :after
                        ) AS owners ORDER BY owner LIMIT :most
                        """)
                .bind("after", after)
                .bind("most", (long) PAGE)
                .map(row -> Rows.text(row, "owner"))
                .all()
                .collectList());
    }

    /**
     * A transaction that changes what is counted has the lock of the owner's row, or waits for it and is not counted
     * yet.
     */
    private static Mono<Void> recount(DatabaseClient client, String owner) {
        return lock(client, owner).then(client.sql("""
                                UPDATE owner_storage SET used_bytes =
                                    (SELECT COALESCE(SUM(size_bytes), 0) FROM images
                                        WHERE owner = :owner AND object_key IS NOT NULL)
                                    + (SELECT COALESCE(SUM(thumbnails.size_bytes), 0) FROM thumbnails
                                        JOIN images ON images.id = thumbnails.image_id WHERE images.owner = :owner)
                                    + (SELECT COALESCE(SUM(size_bytes), 0) FROM object_intents WHERE owner = :owner)
                                    + (SELECT COALESCE(SUM(promised_bytes), 0) FROM generation_jobs
                                        JOIN images ON images.id = generation_jobs.image_id WHERE images.owner = :owner)
                                WHERE owner = :owner
                                """).bind("owner", owner).then());
    }

    /** Takes the owner's row for the rest of the transaction; gives what is used. */
    static Mono<Long> lock(DatabaseClient client, String owner) {
        return ensureRow(client, owner)
                .then(client.sql("SELECT used_bytes FROM owner_storage WHERE owner = :owner FOR UPDATE")
                        .bind("owner", owner)
                        .map(row -> Rows.number(row, "used_bytes"))
                        .one());
    }

    /**
     * Part of a transaction: reserves bytes, compared and counted in one statement.
     *
     * @param quota most that the owner may have with them
     */
    static Mono<Void> reserve(DatabaseClient client, String owner, long bytes, long quota) {
        return add(client, owner, bytes, quota)
                .filter(rows -> rows == 1)
                .switchIfEmpty(ensureRow(client, owner).then(add(client, owner, bytes, quota)))
                .flatMap(rows -> rows == 1
                        ? Mono.empty()
                        : used(client, owner)
                                .flatMap(used ->
                                        Mono.error(() -> new QuotaExceededException.OfStorage(used, bytes, quota))));
    }

    /**
     * Part of a transaction that adds images, and has taken their bytes and so the owner's row. Bytes bound neither
     * rows nor files: of the smallest images millions are a gigabyte. Announced objects count like images, so that what
     * is on its way is bounded too.
     *
     * @param more images that are to be added
     * @param most that the owner may have with them
     */
    static Mono<Void> checkImages(DatabaseClient client, String owner, int more, int most) {
        return client.sql("SELECT (SELECT COUNT(*) FROM images WHERE owner = :owner)"
                        + " + (SELECT COUNT(*) FROM object_intents WHERE owner = :owner) AS images_there")
                .bind("owner", owner)
                .map(row -> Rows.number(row, "images_there"))
                .one()
                .flatMap(there -> there + more <= most
                        ? Mono.empty()
                        : Mono.error(() -> new QuotaExceededException.OfImages(there, most)));
    }

    private static Mono<Long> add(DatabaseClient client, String owner, long bytes, long quota) {
        return client.sql("""
                        UPDATE owner_storage SET used_bytes = used_bytes + :bytes
                        WHERE owner = :owner AND used_bytes + :bytes <= :quota
                        """)
                .bind("bytes", bytes)
                .bind("owner", owner)
                .bind("quota", quota)
                .fetch()
                .rowsUpdated();
    }

    /** Part of a transaction: releases bytes. */
    static Mono<Void> release(DatabaseClient client, String owner, long bytes) {
        return bytes == 0
                ? Mono.empty()
                : client.sql("UPDATE owner_storage SET used_bytes = GREATEST(0, used_bytes - :bytes)"
                                + " WHERE owner = :owner")
                        .bind("bytes", bytes)
                        .bind("owner", owner)
                        .then();
    }

    private static Mono<Void> ensureRow(DatabaseClient client, String owner) {
        return client.sql("INSERT INTO owner_storage (owner, used_bytes) VALUES (:owner, 0) ON CONFLICT DO NOTHING")
                .bind("owner", owner)
                .then();
    }

    private static Mono<Long> used(DatabaseClient client, String owner) {
        return client.sql("SELECT used_bytes FROM owner_storage WHERE owner = :owner")
                .bind("owner", owner)
                .map(row -> Rows.number(row, "used_bytes"))
                .one()
                .defaultIfEmpty(0L);
    }
}
