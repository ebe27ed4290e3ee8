package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.Rows;
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
            "EXISTS (SELECT 1 FROM images WHERE images.id = uploads.image_id AND images.deleting_since IS NULL)";

    private final Database database;
    private final long quota;
    private final int mostImages;
    private final Clock clock;

    Uploads(Database database, StorageQuota quota, Clock clock) {
        this.database = database;
        this.quota = quota.bytes();
        this.mostImages = quota.images();
        this.clock = clock;
    }

    /**
     * How long an announcement is valid.
     *
     * @param put how long a signed URL lets its holder begin a put
     * @param image how long the puts and what makes images of them may take; afterwards the objects may be removed
     */
    public record TimeToLive(Duration put, Duration image) {}

    /**
     * Announces that these objects are about to be put, and counts them for their owner. Earlier uploads of the same
     * names that did not become images are abandoned; they count until their URLs expire. Fails with
     * {@link DatabaseException.Kind#CONFLICT} when another call announces the same names concurrently.
     *
     * @param uploads at least one, of one owner and one listing, each name once
     * @param most of one owner's that may be live, these among them
     */
    public Mono<Announcement> announce(List<Upload> uploads, TimeToLive timeToLive, int most) {
        Upload any = uploads.getFirst();
        Instant now = clock.instant();
        // Other announcements and completions of the same owner wait here, so nothing changes until these are
        // announced.
        return database.transaction(client -> OwnerStorage.lock(client, any.owner())
                .then(complete(client, uploads))
                .<Announcement>map(Announcement.Complete::new)
                .switchIfEmpty(ObjectIntents.live(client, any.owner(), now)
                        .filter(live -> live + uploads.size() > most)
                        .map(Announcement.TooMany::new))
                .switchIfEmpty(announce(client, uploads, timeToLive, now).thenReturn(new Announcement.Announced())));
    }

    private Mono<Void> announce(DatabaseClient client, List<Upload> uploads, TimeToLive timeToLive, Instant now) {
        Upload any = uploads.getFirst();
        long bytes = uploads.stream().mapToLong(Upload::size).sum();
        return OwnerStorage.reserve(client, any.owner(), bytes, quota)
                .then(OwnerStorage.checkImages(client, any.owner(), uploads.size(), mostImages))
                .then(named(
                                client,
                                "UPDATE object_intents SET removing = TRUE WHERE object_key IN"
                                        + " (SELECT object_key FROM uploads WHERE " + SAME_NAMES + ")",
                                any,
                                names(uploads))
                        .then())
                .then(named(client, "DELETE FROM uploads WHERE " + SAME_NAMES, any, names(uploads))
                        .then())
                .thenMany(Flux.fromIterable(uploads).concatMap(upload -> insert(client, upload, timeToLive, now)))
                .then();
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

    private static Mono<Void> insert(DatabaseClient client, Upload upload, TimeToLive timeToLive, Instant now) {
        var row = client.sql("""
                        INSERT INTO uploads (image_id, owner, host_id, listing_id, name, object_key, content_type,
                            size_bytes, file_name, is_primary, display_order, created_at)
                        VALUES (:image, :owner, :host, :listing, :name, :key, :type, :size, :file, :primary, :order,
                            :now)
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
        String file = upload.fileName();
        row = file == null ? row.bindNull("file", String.class) : row.bind("file", file);
        Integer order = upload.displayOrder();
        row = order == null ? row.bindNull("order", Integer.class) : row.bind("order", order);
        return row.then()
                .then(ObjectIntents.announce(
                        client,
                        upload.owner(),
                        new ObjectIntents.Announced(upload.objectKey(), upload.size()),
                        upload.imageId(),
                        now.plus(timeToLive.image()),
                        now.plus(timeToLive.put()),
                        now));
    }

    /** What was announced under a name; empty if nothing was, or if it is over, its image deleted. */
    public Mono<Upload> find(String owner, Image.Listing listing, String name) {
        return database.query(client -> client.sql("SELECT image_id, owner, host_id, listing_id, name, object_key,"
                        + " content_type, size_bytes, file_name, is_primary, display_order FROM uploads WHERE "
                        + SAME_LISTING
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
                row.get("file_name", String.class),
                Objects.requireNonNull(row.get("is_primary", Boolean.class)),
                row.get("display_order", Integer.class));
    }

    /** Whether something may still be put under the key: it was announced, and is neither complete nor given up. */
    public Mono<Boolean> isAwaited(String objectKey) {
        return database.query(client -> client.sql(
                        "SELECT COUNT(*) AS awaited FROM uploads WHERE object_key = :key AND completed_at IS NULL")
                .bind("key", objectKey)
                .map(row -> Rows.number(row, "awaited") > 0)
                .one());
    }

    /**
     * Makes an upload the image that was announced, once: {@link DatabaseException.Kind#CONFLICT} if it is one already,
     * was one, or is not announced any more. Else as {@link Images#add}, in the same transaction. From then on the
     * image's bytes count instead of the upload's.
     */
    public Mono<Void> complete(Image image) {
        // Locks the owner's row first, as announcements do.
        return database.transaction(client -> OwnerStorage.lock(client, image.owner())
                .then(completed(client, image.id()))
                .then(Images.add(client, image))
                .then(ObjectIntents.uncount(client, image.owner(), image.id())));
    }

    private Mono<Void> completed(DatabaseClient client, UUID imageId) {
        return client.sql("UPDATE uploads SET completed_at = :now WHERE image_id = :image AND completed_at IS NULL")
                .bind("now", time(clock.instant()))
                .bind("image", imageId)
                .fetch()
                .rowsUpdated()
                .flatMap(rows -> rows == 1
                        ? Mono.empty()
                        : Mono.error(new DatabaseException(
                                DatabaseException.Kind.CONFLICT, "no upload can become image " + imageId)));
    }

    /**
     * Deletes an upload that will not become an image. Its object's intent stays until it expires.
     *
     * @return false if it became an image, or was not announced
     */
    public Mono<Boolean> forget(UUID imageId) {
        return database.transaction(
                client -> client.sql("DELETE FROM uploads WHERE image_id = :image AND completed_at IS NULL")
                        .bind("image", imageId)
                        .fetch()
                        .rowsUpdated()
                        .map(rows -> rows == 1));
    }

    /**
     * Deletes uploads that expired or whose image was deleted.
     *
     * @return how many of them did not become an image
     */
    public Mono<Long> forgetEnded() {
        return database.transaction(client -> client.sql(ENDED + " AND completed_at IS NOT NULL")
                .then()
                .then(client.sql(ENDED + " AND completed_at IS NULL").fetch().rowsUpdated()));
    }

    /** The result of an announcement. */
    public sealed interface Announcement {

        /** The objects may be put. */
        record Announced() implements Announcement {}

        /** Nothing was announced: the image of that name is in the gallery already. */
        record Complete(String name) implements Announcement {}

        /** Nothing was announced: so many others of the owner's are live. */
        record TooMany(long live) implements Announcement {}
    }
}
