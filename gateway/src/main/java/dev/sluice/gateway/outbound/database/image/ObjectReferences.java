package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.image.ObjectReferences.Reference.Kind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What a reconciler asks: which objects there should be. */
public final class ObjectReferences {
    private static final int PAGE = 500;
    private static final int MOST_AT_ONCE = 1000;

    private final Database database;
    private final Clock clock;
    private final int page;

    ObjectReferences(Database database, Clock clock) {
        this(database, clock, PAGE);
    }

    ObjectReferences(Database database, Clock clock, int page) {
        this.database = database;
        this.clock = clock;
        this.page = page;
    }

    /**
     * All rows and intents that name an object, in the order of the keys' bytes, as object stores list theirs. Read in
     * pages as they are wanted; holds no connection between them, and so is no snapshot: ask again, with
     * {@link #isNamed}, before anything is removed.
     */
    public Flux<Reference> inKeyOrder() {
        return after("")
                .expand(rows ->
                        rows.size() < page ? Mono.empty() : after(rows.getLast().key()))
                .concatMapIterable(rows -> rows, 1);
    }

    private Mono<List<Reference>> after(String key) {
        return database.query(client -> client.sql("""
                        SELECT object_key, id, size_bytes, since, deleting_since, kind FROM (
                            (SELECT object_key, id, size_bytes, COALESCE(completed_at, created_at) AS since,
                                    deleting_since, 'IMAGE' AS kind
                                FROM images WHERE object_key > :key ORDER BY object_key LIMIT :most)
                            UNION ALL
                            (SELECT thumbnails.object_key, id, thumbnails.size_bytes,
                                    COALESCE(completed_at, created_at), deleting_since, 'THUMBNAIL'
                                FROM thumbnails JOIN images ON images.id = thumbnails.image_id
                                WHERE thumbnails.object_key > :key ORDER BY thumbnails.object_key LIMIT :most)
                            UNION ALL
                            (SELECT object_key, image_id, size_bytes, created_at, NULL, 'ANNOUNCED'
                                FROM object_intents WHERE object_key > :key ORDER BY object_key LIMIT :most)
                        ) AS named ORDER BY object_key LIMIT :most
                        """)
                .bind("key", key)
                .bind("most", (long) page)
                .map(row -> new Reference(
                        Rows.text(row, "object_key"),
                        Rows.uuid(row, "id"),
                        Rows.number(row, "size_bytes"),
                        Rows.instantOf(row, "since"),
                        Rows.instant(row, "deleting_since") != null,
                        Kind.valueOf(Rows.text(row, "kind"))))
                .all()
                .collectList());
    }

    /** Whether a row or an intent names the key, in one look. */
    public Mono<Boolean> isNamed(String key) {
        return database.query(client -> client.sql("""
                        SELECT (SELECT COUNT(*) FROM images WHERE object_key = :key)
                            + (SELECT COUNT(*) FROM thumbnails WHERE object_key = :key)
                            + (SELECT COUNT(*) FROM object_intents WHERE object_key = :key) AS names
                        """)
                .bind("key", key)
                .map(row -> Rows.number(row, "names") > 0)
                .one());
    }

    /**
     * Images whose deletion began so long ago and has not ended, oldest first: remove their objects, then finish.
     *
     * @param most 1 to 1000
     */
    public Mono<List<Image>> stuckDeleting(Duration since, int most) {
        if (most < 1 || most > MOST_AT_ONCE) {
            throw new IllegalArgumentException("most: " + most + " (expected: 1 to " + MOST_AT_ONCE + ")");
        }
        return database.query(client -> new Conditions()
                .and("deleting_since <= :before", "before", time(clock.instant().minus(since)))
                .statement(client, ImageRows.SELECT, "ORDER BY deleting_since, id LIMIT :most")
                .bind("most", (long) most)
                .map(ImageRows::read)
                .all()
                .collectList());
    }

    /**
     * A row or an intent that names an object.
     *
     * @param since when the image was complete, or the object announced
     * @param deleting whether the image is being deleted, so that the object may already be gone
     */
    public record Reference(String key, UUID imageId, long size, Instant since, boolean deleting, Kind kind) {

        /** What the object is. */
        public enum Kind {
            /** The image itself. */
            IMAGE,
            /** A smaller copy of it, which can be made again. */
            THUMBNAIL,
            /** Whatever was announced, or given up and not forgotten yet: it may be there or not. */
            ANNOUNCED
        }
    }
}
