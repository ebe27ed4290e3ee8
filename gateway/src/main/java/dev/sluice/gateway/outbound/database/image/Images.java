package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.Rows;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;

/**
 * The table {@code images}, as its readers see it. What is out of a caller's scope, and what is being deleted, is not
 * there: empty, never an error. All fail with {@link DatabaseException}; values out of bounds with
 * {@link IllegalArgumentException} at once.
 */
public final class Images {
    private static final int LARGEST_PAGE = 100;
    private static final int MOST_IDS = 500;

    private final Database database;
    private final Clock clock;

    Images(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Adds an image whose object is stored under an announced key, or that stays where it is. The key's intent goes in
     * the same transaction; without it, because it expired, the image is not added:
     * {@link DatabaseException.Kind#CONFLICT}.
     */
    public Mono<Void> add(Image image) {
        if (image.status() == Image.Status.GENERATING) {
            throw new IllegalArgumentException("image " + image.id() + ": generating (expected: with its job)");
        }
        return database.transaction(client -> add(client, image));
    }

    /** Part of a transaction that changes more. */
    static Mono<Void> add(DatabaseClient client, Image image) {
        Mono<Void> insert = ImageRows.insert(client, image);
        return image.object() == null
                ? insert
                : insert.then(ObjectIntents.consume(client, image.object().key()));
    }

    /** One image, or empty. */
    public Mono<Image> find(UUID id, ImageScope scope) {
        return database.query(client -> Conditions.visible(scope)
                .and("id = :id", "id", id)
                .statement(client, ImageRows.SELECT, "")
                .map(ImageRows::read)
                .one());
    }

    /** Those of up to 500 images that exist, in the order of their ids; an id named twice gives its image twice. */
    public Mono<List<Image>> findAll(List<UUID> ids, ImageScope scope) {
        if (ids.size() > MOST_IDS) {
            throw new IllegalArgumentException("ids: " + ids.size() + " (expected: at most " + MOST_IDS + ")");
        }
        if (ids.isEmpty()) {
            return Mono.just(List.of());
        }
        return database.query(client -> Conditions.visible(scope)
                .and("id IN (:ids)", "ids", ids.stream().distinct().toList())
                .statement(client, ImageRows.SELECT, "")
                .map(ImageRows::read)
                .all()
                .collectList()
                .map(images -> inOrder(ids, images)));
    }

    private static List<Image> inOrder(List<UUID> ids, List<Image> images) {
        Map<UUID, Image> byId = HashMap.newHashMap(images.size());
        images.forEach(image -> byId.put(image.id(), image));
        return ids.stream().map(byId::get).filter(Objects::nonNull).toList();
    }

    /**
     * A page of a listing, newest first; images of the same microsecond in a fixed order.
     *
     * @param page from 1
     * @param size 1 to 100
     */
    public Mono<Page> list(ImageScope scope, ImageFilter filter, int page, int size) {
        if (page < 1 || size < 1 || size > LARGEST_PAGE) {
            throw new IllegalArgumentException("page " + page + " of size " + size
                    + " (expected: a page from 1, a size of 1 to " + LARGEST_PAGE + ")");
        }
        return page(scope, filter, null, (page - 1L) * size, size);
    }

    /**
     * What follows a place in the same listing. Who goes on so from {@link Page#next} to the end sees every image once
     * that is there all the while, whatever is added or deleted meanwhile.
     *
     * @param size 1 to 100
     */
    public Mono<Page> list(ImageScope scope, ImageFilter filter, ImageCursor after, int size) {
        if (size < 1 || size > LARGEST_PAGE) {
            throw new IllegalArgumentException("size: " + size + " (expected: 1 to " + LARGEST_PAGE + ")");
        }
        return page(scope, filter, after, 0, size);
    }

    private Mono<Page> page(ImageScope scope, ImageFilter filter, @Nullable ImageCursor after, long offset, int size) {
        return database.query(client -> Conditions.visible(scope)
                .and(filter)
                .after(after)
                .statement(client, ImageRows.SELECT, "ORDER BY created_at DESC, id DESC LIMIT :most OFFSET :offset")
                .bind("most", size + 1L) // the last one tells that there is more
                .bind("offset", offset)
                .map(ImageRows::read)
                .all()
                .collectList()
                .flatMap(found -> Conditions.visible(scope)
                        .and(filter)
                        .statement(client, "SELECT COUNT(*) AS total FROM images", "")
                        .map(row -> Rows.number(row, "total"))
                        .one()
                        .map(total -> page(found, size, total))));
    }

    private static Page page(List<Image> found, int size, long total) {
        return found.size() <= size
                ? new Page(found, total, null)
                : new Page(found.subList(0, size), total, ImageCursor.after(found.get(size - 1)));
    }

    /** Changes what an image is called or described as, and returns it; empty if there is no such image. */
    public Mono<Image> describe(UUID id, ImageScope scope, ImageDescription description) {
        return database.transaction(client -> {
            var update = Conditions.visible(scope)
                    .and("id = :id", "id", id)
                    .statement(client, "UPDATE images SET " + description.assignments() + "updated_at = :now", "")
                    .bind("now", time(clock.instant()));
            return description
                    .bind(update)
                    .fetch()
                    .rowsUpdated()
                    .flatMap(rows -> rows == 0 ? Mono.empty() : one(client, id));
        });
    }

    /**
     * Marks an image whose object vanished from the store: it fails with the code {@code object_lost}, unless its row
     * has changed since. Its thumbnails are abandoned.
     *
     * @return whether it did
     */
    public Mono<Boolean> markLost(UUID id, String objectKey) {
        Instant now = clock.instant();
        return database.transaction(client -> client.sql("""
                        UPDATE images SET status = 'failed', error_code = 'object_lost',
                            error_detail = 'The stored file is gone', object_key = NULL, updated_at = :now,
                            placeholder = NULL, picture_due = NULL, picture_error = NULL
                        WHERE id = :id AND object_key = :key AND deleting_since IS NULL
                        """)
                .bind("now", time(now))
                .bind("id", id)
                .bind("key", objectKey)
                .fetch()
                .rowsUpdated()
                .map(rows -> rows > 0)
                .delayUntil(isLost -> isLost ? releaseObject(client, id, now) : Mono.empty()));
    }

    private static Mono<Void> releaseObject(DatabaseClient client, UUID id, Instant now) {
        return Thumbnails.abandon(client, id, now)
                .then(client.sql("SELECT owner, size_bytes FROM images WHERE id = :id")
                        .bind("id", id)
                        .map(row ->
                                OwnerStorage.release(client, Rows.text(row, "owner"), Rows.number(row, "size_bytes")))
                        .one()
                        .flatMap(back -> back));
    }

    private static Mono<Image> one(DatabaseClient client, UUID id) {
        return new Conditions()
                .and("id = :id", "id", id)
                .statement(client, ImageRows.SELECT, "")
                .map(ImageRows::read)
                .one();
    }

    /**
     * A part of a listing.
     *
     * @param total how many images there are on all pages
     * @param next where the listing goes on; null if this is its end
     */
    public record Page(
            List<Image> images, long total, @Nullable ImageCursor next) {
        public Page {
            images = List.copyOf(images);
        }
    }
}
