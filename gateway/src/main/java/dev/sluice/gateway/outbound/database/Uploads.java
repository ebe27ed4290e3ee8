package dev.sluice.gateway.outbound.database;

import static dev.sluice.gateway.outbound.database.Rows.time;

import io.r2dbc.spi.Readable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table {@code uploads}: which image is whose, of which listing and called what by its sender, from before its
 * object is put. The object's key is announced in the same transaction, so that what is there is swept when its time is
 * over, whether an image came of it or not: the image is a copy, under another key.
 */
public final class Uploads {
    private static final String SAME_LISTING = "owner = :owner AND host_id = :host AND listing_id = :listing";
    private static final String SAME_NAMES = SAME_LISTING + " AND name IN (:names)";

    private static final String ENDED = """
            DELETE FROM uploads
            WHERE NOT EXISTS (SELECT 1 FROM object_intents WHERE object_intents.object_key = uploads.object_key)
                AND NOT EXISTS (SELECT 1 FROM images WHERE images.id = uploads.image_id)""";
    private static final String HAS_AN_IMAGE =
            "EXISTS (SELECT 1 FROM images WHERE images.id = uploads.image_id" + " AND images.deleting_since IS NULL)";

    private final Database database;
    private final Clock clock;

    Uploads(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Says that these objects are about to be put. What was announced under the same names and did not come to be an
     * image is announced no more; its object goes when its intent expires. Fails with {@link DatabaseFailure#CONFLICT}
     * when another announces the same names just now.
     *
     * @param uploads at least one, of one owner and one listing, each name once
     * @param patience how long the puts and what makes images of them may take; afterwards the objects may be removed
     * @param most of one owner's that may be under way, these among them
     */
    public Mono<UploadStart> announce(List<Upload> uploads, Duration patience, int most) {
        Upload any = uploads.getFirst();
        Instant now = clock.instant();
        return database.change(client -> complete(client, uploads)
                .<UploadStart>map(UploadStart.Complete::new)
                .switchIfEmpty(pending(client, uploads, now)
                        .filter(pending -> pending + uploads.size() > most)
                        .map(UploadStart.TooMany::new))
                .switchIfEmpty(named(client, "DELETE FROM uploads WHERE " + SAME_NAMES, any, names(uploads))
                        .then()
                        .thenMany(Flux.fromIterable(uploads)
                                .concatMap(upload -> insert(client, upload, now.plus(patience), now)))
                        .then(Mono.just(new UploadStart.Announced()))));
    }

    private static List<String> names(List<Upload> uploads) {
        return uploads.stream().map(Upload::name).toList();
    }

    private static DatabaseClient.GenericExecuteSpec named(
            DatabaseClient client, String sql, Upload any, List<String> names) {
        return client.sql(sql)
                .bind("owner", any.owner())
                .bind("host", any.listing().hostId())
                .bind("listing", any.listing().listingId())
                .bind("names", names);
    }

    private static Mono<String> complete(DatabaseClient client, List<Upload> uploads) {
        return named(
                        client,
                        "SELECT MIN(name) AS name FROM uploads WHERE " + SAME_NAMES + " AND " + HAS_AN_IMAGE,
                        uploads.getFirst(),
                        names(uploads))
                .map(row -> Optional.ofNullable(row.get("name", String.class)))
                .one()
                .flatMap(Mono::justOrEmpty);
    }

    private static Mono<Long> pending(DatabaseClient client, List<Upload> uploads, Instant now) {
        return named(
                        client,
                        "SELECT COUNT(*) AS pending FROM uploads WHERE owner = :owner AND completed_at IS NULL"
                                + " AND NOT (" + SAME_NAMES + ") AND EXISTS (SELECT 1 FROM object_intents"
                                + " WHERE object_intents.object_key = uploads.object_key"
                                + " AND NOT removing AND expires_at > :now)",
                        uploads.getFirst(),
                        names(uploads))
                .bind("now", time(now))
                .map(row -> Rows.number(row, "pending"))
                .one();
    }

    private static Mono<Void> insert(DatabaseClient client, Upload upload, Instant expires, Instant now) {
        var row = client.sql("""
                        INSERT INTO uploads (image_id, owner, host_id, listing_id, name, object_key, content_type,
                            size_bytes, is_primary, display_order, created_at)
                        VALUES (:image, :owner, :host, :listing, :name, :key, :type, :size, :primary, :order, :now)
                        """)
                .bind("image", upload.imageId())
                .bind("owner", upload.owner())
                .bind("host", upload.listing().hostId())
                .bind("listing", upload.listing().listingId())
                .bind("name", upload.name())
                .bind("key", upload.objectKey())
                .bind("type", upload.contentType())
                .bind("size", upload.size())
                .bind("primary", upload.isPrimary())
                .bind("now", time(now));
        Integer order = upload.displayOrder();
        row = order == null ? row.bindNull("order", Integer.class) : row.bind("order", order);
        return row.then().then(ObjectIntents.announce(client, upload.objectKey(), upload.imageId(), expires, now));
    }

    /** What was announced under a name; empty if nothing was, or if it is over, its image deleted. */
    public Mono<Upload> find(String owner, Image.Listing listing, String name) {
        return database.ask(client -> client.sql("SELECT image_id, owner, host_id, listing_id, name, object_key,"
                        + " content_type, size_bytes, is_primary, display_order FROM uploads WHERE " + SAME_LISTING
                        + " AND name = :name AND (completed_at IS NULL OR " + HAS_AN_IMAGE + ")")
                .bind("owner", owner)
                .bind("host", listing.hostId())
                .bind("listing", listing.listingId())
                .bind("name", name)
                .map(Uploads::read)
                .one());
    }

    private static Upload read(Readable row) {
        return new Upload(
                Rows.uuid(row, "image_id"),
                Rows.text(row, "owner"),
                new Image.Listing(Rows.text(row, "listing_id"), Rows.text(row, "host_id")),
                Rows.text(row, "name"),
                Rows.text(row, "object_key"),
                Rows.text(row, "content_type"),
                Rows.number(row, "size_bytes"),
                Objects.requireNonNull(row.get("is_primary", Boolean.class)),
                row.get("display_order", Integer.class));
    }

    /** Whether something may still be put under the key: it was announced, and is neither complete nor given up. */
    public Mono<Boolean> isAwaited(String objectKey) {
        return database.ask(client -> client.sql(
                        "SELECT COUNT(*) AS awaited FROM uploads WHERE object_key = :key AND completed_at IS NULL")
                .bind("key", objectKey)
                .map(row -> Rows.number(row, "awaited") > 0)
                .one());
    }

    /**
     * Makes an upload the image that was announced, once: {@link DatabaseFailure#CONFLICT} if it is one already, was
     * one, or is announced no more. Else as {@link Images#add}, in the same transaction.
     */
    public Mono<Void> complete(Image image) {
        return database.change(client -> client.sql(
                        "UPDATE uploads SET completed_at = :now WHERE image_id = :image AND completed_at IS NULL")
                .bind("now", time(clock.instant()))
                .bind("image", image.id())
                .fetch()
                .rowsUpdated()
                .flatMap(rows -> rows == 1
                        ? Images.add(client, image)
                        : Mono.error(new DatabaseException(
                                DatabaseFailure.CONFLICT, "no upload can become image " + image.id()))));
    }

    /**
     * Forgets one of which no image will come. Its object's intent stays until it expires.
     *
     * @return false if an image has come of it, or it was not announced
     */
    public Mono<Boolean> forget(UUID imageId) {
        return database.change(
                client -> client.sql("DELETE FROM uploads WHERE image_id = :image AND completed_at IS NULL")
                        .bind("image", imageId)
                        .fetch()
                        .rowsUpdated()
                        .map(rows -> rows == 1));
    }

    /**
     * Forgets those whose time is over or whose image was deleted.
     *
     * @return of how many no image came
     */
    public Mono<Long> forgetEnded() {
        return database.change(client -> client.sql(ENDED + " AND completed_at IS NOT NULL")
                .then()
                .then(client.sql(ENDED + " AND completed_at IS NULL").fetch().rowsUpdated()));
    }
}
