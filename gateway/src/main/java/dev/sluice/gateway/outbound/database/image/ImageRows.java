package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.bind;
import static dev.sluice.gateway.outbound.database.Rows.instant;
import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.StoredText;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails.Progress;
import io.r2dbc.spi.Readable;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;

/**
 * Maps images to rows and back, for all repositories that use the table. An image's thumbnails come with its own row,
 * as one text, so that any number of images takes one statement:
 *
 * <pre>
 *   width height size type etag key,width height …
 * </pre>
 */
final class ImageRows {
    private static final String THUMBNAILS = "(SELECT STRING_AGG(thumbnails.width || ' ' || thumbnails.height || ' '"
            + " || thumbnails.size_bytes || ' ' || thumbnails.content_type || ' ' || thumbnails.etag || ' '"
            + " || thumbnails.object_key, ',' ORDER BY thumbnails.width)"
            + " FROM thumbnails WHERE thumbnails.image_id = images.id) AS thumbnails";

    static final String SELECT = "SELECT id, owner, project_id, source, status, prompt, aspect_ratio, provider, model,"
            + " prediction_id, name, alt_text, object_key, content_type, size_bytes, crc32, etag, width, height,"
            + " external_url, error_code, error_detail, listing_id, host_id, created_at, updated_at, completed_at, placeholder,"
            + " picture_due, picture_error, " + THUMBNAILS + " FROM images";

    private static final Pattern COMMA = Pattern.compile(",");

    private ImageRows() {}

    static Image read(Readable row) {
        return new Image(
                Rows.uuid(row, "id"),
                Rows.text(row, "owner"),
                row.get("project_id", String.class),
                Image.Source.of(Rows.text(row, "source")),
                Image.Status.of(Rows.text(row, "status")),
                generation(row),
                row.get("name", String.class),
                row.get("alt_text", String.class),
                object(row),
                row.get("external_url", String.class),
                failure(row),
                listing(row),
                thumbnails(row),
                Rows.instantOf(row, "created_at"),
                Rows.instantOf(row, "updated_at"),
                instant(row, "completed_at"));
    }

    private static Image.@Nullable Generation generation(Readable row) {
        return row.get("prompt", String.class) == null
                ? null
                : new Image.Generation(
                        Rows.text(row, "prompt"),
                        row.get("aspect_ratio", String.class),
                        Rows.text(row, "provider"),
                        row.get("model", String.class),
                        row.get("prediction_id", String.class));
    }

    private static @Nullable ImageObject object(Readable row) {
        return row.get("object_key", String.class) == null
                ? null
                : new ImageObject(
                        Rows.text(row, "object_key"),
                        Rows.text(row, "content_type"),
                        Objects.requireNonNull(row.get("size_bytes", Long.class)),
                        Objects.requireNonNull(row.get("crc32", Long.class)),
                        Rows.text(row, "etag"),
                        Objects.requireNonNull(row.get("width", Integer.class)),
                        Objects.requireNonNull(row.get("height", Integer.class)));
    }

    private static Image.@Nullable Failure failure(Readable row) {
        return row.get("error_code", String.class) == null
                ? null
                : new Image.Failure(Rows.text(row, "error_code"), Rows.text(row, "error_detail"));
    }

    private static Image.@Nullable Listing listing(Readable row) {
        return row.get("listing_id", String.class) == null
                ? null
                : new Image.Listing(Rows.text(row, "listing_id"), Rows.text(row, "host_id"));
    }

    private static ImageThumbnails thumbnails(Readable row) {
        Progress progress = instant(row, "picture_due") != null
                ? Progress.WAITING
                : row.get("picture_error", String.class) != null ? Progress.IMPOSSIBLE : Progress.DONE;
        String stored = row.get("thumbnails", String.class);
        return new ImageThumbnails(
                progress,
                row.get("placeholder", String.class),
                stored == null
                        ? List.of()
                        : COMMA.splitAsStream(stored).map(ImageRows::thumbnail).toList());
    }

    private static ImageThumbnails.Stored thumbnail(String text) {
        String[] words = text.split(" ", -1);
        return new ImageThumbnails.Stored(
                words[5],
                words[3],
                Long.parseLong(words[2]),
                words[4],
                Integer.parseInt(words[0]),
                Integer.parseInt(words[1]));
    }

    /** Fails with a conflict if the id or the object's key is taken. */
    static Mono<Void> insert(DatabaseClient client, Image image) {
        var generation = image.generation();
        var object = image.object();
        var failure = image.failure();
        var listing = image.listing();
        var statement = client.sql("""
                        INSERT INTO images (id, owner, project_id, source, status, prompt, prompt_folded, aspect_ratio,
                            provider, model, prediction_id, name, name_folded, alt_text, alt_folded, object_key, content_type,
                            size_bytes, crc32, etag, width, height, external_url, error_code, error_detail, listing_id, host_id,
                            created_at, updated_at, completed_at, picture_due)
                        VALUES (:id, :owner, :project, :source, :status, :prompt, :promptFolded, :ratio, :provider,
                            :model, :prediction, :name, :nameFolded, :alt, :altFolded, :key, :type, :size, :crc, :etag,
                            :width, :height,
                            :url, :errorCode, :errorDetail, :listing, :host, :created, :updated, :completed, :due)
                        """)
                .bind("id", image.id())
                .bind("owner", image.owner())
                .bind("source", image.source().code())
                .bind("status", image.status().code())
                .bind("created", time(image.createdAt()))
                .bind("updated", time(image.updatedAt()));
        statement = bind(statement, "project", image.projectId());
        statement = bind(statement, "prompt", of(generation, Image.Generation::prompt));
        statement = bind(statement, "promptFolded", StoredText.foldCase(of(generation, Image.Generation::prompt)));
        statement = bind(statement, "ratio", of(generation, Image.Generation::aspectRatio));
        statement = bind(statement, "provider", of(generation, Image.Generation::provider));
        statement = bind(statement, "model", of(generation, Image.Generation::model));
        statement = bind(statement, "prediction", of(generation, Image.Generation::predictionId));
        statement = bind(statement, "name", image.name());
        statement = bind(statement, "nameFolded", StoredText.foldCase(image.name()));
        statement = bind(statement, "alt", image.altText());
        statement = bind(statement, "altFolded", StoredText.foldCase(image.altText()));
        statement = bind(statement, "url", image.externalUrl());
        statement = bind(statement, "errorCode", of(failure, Image.Failure::code));
        statement = bind(statement, "errorDetail", of(failure, Image.Failure::detail));
        statement = bind(statement, "listing", of(listing, Image.Listing::listingId));
        statement = bind(statement, "host", of(listing, Image.Listing::hostId));
        statement = bind(statement, "completed", image.completedAt());
        statement =
                bind(statement, "due", object == null ? null : image.updatedAt().plus(ImageThumbnails.FIRST_LEASE));
        return bindObject(statement, object).then();
    }

    private static <T> @Nullable String of(@Nullable T part, Function<T, @Nullable String> member) {
        return part == null ? null : member.apply(part);
    }

    static DatabaseClient.GenericExecuteSpec bindObject(
            DatabaseClient.GenericExecuteSpec statement, @Nullable ImageObject object) {
        return object == null
                ? statement
                        .bindNull("key", String.class)
                        .bindNull("type", String.class)
                        .bindNull("size", Long.class)
                        .bindNull("crc", Long.class)
                        .bindNull("etag", String.class)
                        .bindNull("width", Integer.class)
                        .bindNull("height", Integer.class)
                : statement
                        .bind("key", object.key())
                        .bind("type", object.contentType())
                        .bind("size", object.size())
                        .bind("crc", object.crc32())
                        .bind("etag", object.etag())
                        .bind("width", object.width())
                        .bind("height", object.height());
    }

    /**
     * Locks the row for the rest of the transaction; every change of an image or of what belongs to it does so first.
     */
    static Mono<UUID> lock(DatabaseClient client, Conditions conditions) {
        return conditions
                .statement(client, "SELECT id FROM images", "FOR UPDATE")
                .map(row -> Rows.uuid(row, "id"))
                .one();
    }
}
