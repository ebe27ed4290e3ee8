package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.bind;
import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.StoredText;
import io.r2dbc.spi.Readable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table {@code generation_jobs}: one row for each image that is being generated, claimed by one worker at a time,
 * whatever number of processes there are. The states are drawn in the package's own page.
 *
 * <p>What takes a {@link Job} answers false, and has changed nothing, when that claim is no longer the latest or the
 * image is being deleted: the worker then removes what it stored and stops. Leases are compared by the clocks of the
 * processes, which should agree to a fraction of a lease.
 */
public final class GenerationJobs {
    private static final int MOST_AT_ONCE = 100;
    private static final String CLAIMED = " WHERE image_id = :image AND lease_owner = :worker AND attempt = :attempt";
    private static final String RESERVED = "SELECT promised_bytes,"
            + " (SELECT owner FROM images WHERE images.id = image_id) AS owner FROM generation_jobs";

    private final Database database;
    private final long quota;
    private final int mostImages;
    private final Clock clock;

    GenerationJobs(Database database, StorageQuota quota, Clock clock) {
        this.database = database;
        this.quota = quota.bytes();
        this.mostImages = quota.images();
        this.clock = clock;
    }

    /**
     * Adds an image that is generating, and its job, which is due at once. Both or neither, and neither with
     * {@link QuotaExceededException.OfStorage} or {@link QuotaExceededException.OfImages} if there is no room for what
     * may come.
     *
     * @param largest bytes that the image may have, reserved for it until the job ends
     */
    public Mono<Void> create(Image image, Instant deadline, long largest) {
        if (image.status() != Image.Status.GENERATING) {
            throw new IllegalArgumentException(
                    "image " + image.id() + ": " + image.status() + " (expected: generating)");
        }
        return database.transaction(client -> OwnerStorage.reserve(client, image.owner(), largest, quota)
                .then(OwnerStorage.checkImages(client, image.owner(), 1, mostImages))
                .then(ImageRows.insert(client, image))
                .then(client.sql("""
                                INSERT INTO generation_jobs (image_id, attempt, due_at, deadline_at, promised_bytes,
                                    created_at)
                                VALUES (:id, 0, :now, :deadline, :promised, :now)
                                """)
                        .bind("id", image.id())
                        .bind("now", time(clock.instant()))
                        .bind("deadline", time(deadline))
                        .bind("promised", largest)
                        .then()));
    }

    /**
     * Claims what is due, the longest overdue first: new jobs, those whose next attempt has come, and those whose
     * worker let its lease end.
     *
     * @param most 1 to 100
     */
    public Mono<List<Job>> claim(String worker, int most, Duration lease) {
        StoredText.checkNotBlank("worker", worker, Image.Generation.LONGEST_NAME);
        if (most < 1 || most > MOST_AT_ONCE) {
            throw new IllegalArgumentException("most: " + most + " (expected: 1 to " + MOST_AT_ONCE + ")");
        }
        Instant now = clock.instant();
        return database.transaction(client -> client.sql("""
                        SELECT image_id, attempt, due_at, deadline_at, asked, prediction_id, created_at
                        FROM generation_jobs WHERE due_at <= :now ORDER BY due_at, image_id LIMIT :most
                        FOR UPDATE SKIP LOCKED
                        """)
                .bind("now", time(now))
                .bind("most", (long) most)
                .map(row -> claimed(row, worker, now.plus(lease)))
                .all()
                .collectList()
                .flatMap(jobs -> Flux.fromIterable(jobs)
                        .concatMap(job -> markClaimed(client, job))
                        .collectList()));
    }

    private static Job claimed(Readable row, String worker, Instant until) {
        return new Job(
                Rows.uuid(row, "image_id"),
                worker,
                Objects.requireNonNull(row.get("attempt", Integer.class)) + 1,
                time(until).toInstant(),
                Rows.instantOf(row, "deadline_at"),
                Objects.requireNonNull(row.get("asked", Boolean.class)),
                row.get("prediction_id", String.class),
                Rows.instantOf(row, "created_at"));
    }

    /** Compares before it sets, so that the lock alone need not be trusted. */
    private static Mono<Job> markClaimed(DatabaseClient client, Job job) {
        return client.sql("""
                        UPDATE generation_jobs SET attempt = :attempt, lease_owner = :worker, due_at = :until
                        WHERE image_id = :id AND attempt = :before
                        """)
                .bind("attempt", job.attempt())
                .bind("before", job.attempt() - 1)
                .bind("worker", job.worker())
                .bind("until", time(job.leaseUntil()))
                .bind("id", job.imageId())
                .fetch()
                .rowsUpdated()
                .filter(rows -> rows == 1)
                .map(_ -> job);
    }

    /**
     * Extends the lease to {@code lease} from now. An expired lease is renewed too, unless another worker has claimed
     * the job.
     */
    public Mono<Boolean> renew(Job job, Duration lease) {
        return database.transaction(client -> whereClaimed(client, "UPDATE generation_jobs SET due_at = :until", job)
                .bind("until", time(clock.instant().plus(lease)))
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /** Remembers that the provider is about to be asked, so that it is not asked again should its answer be lost. */
    public Mono<Boolean> asking(Job job) {
        return database.transaction(client -> whereClaimed(client, "UPDATE generation_jobs SET asked = TRUE", job)
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /** Remembers what the provider calls its work, before anyone waits for it, so that a restart continues it. */
    public Mono<Boolean> predictionStarted(Job job, String predictionId) {
        StoredText.checkNotBlank("predictionId", predictionId, Image.Generation.LONGEST_NAME);
        return database.transaction(client -> locked(
                client,
                job,
                whereClaimed(client, "UPDATE generation_jobs SET prediction_id = :prediction", job)
                        .bind("prediction", predictionId)
                        .fetch()
                        .rowsUpdated()
                        .filter(rows -> rows == 1)
                        .flatMap(_ -> client.sql("UPDATE images SET prediction_id = :prediction WHERE id = :id")
                                .bind("prediction", predictionId)
                                .bind("id", job.imageId())
                                .fetch()
                                .rowsUpdated())));
    }

    /** Ends the lease; the job is due again at that time. A prediction that failed is forgotten, to be made anew. */
    public Mono<Boolean> retryAt(Job job, Instant next, PredictionFate prediction) {
        String forget = prediction == PredictionFate.DISCARDED ? ", asked = FALSE, prediction_id = NULL" : "";
        return database.transaction(client -> whereClaimed(
                        client, "UPDATE generation_jobs SET lease_owner = NULL, due_at = :next" + forget, job)
                .bind("next", time(next))
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /** Whether the next attempt waits for the prediction that this one began, or asks the provider anew. */
    public enum PredictionFate {
        KEPT,
        DISCARDED
    }

    /**
     * Completes the image with an object stored under an announced key; image, job and intent change together.
     * {@link DatabaseException.Kind#CONFLICT} if the intent has expired.
     */
    public Mono<Boolean> complete(Job job, ImageObject object) {
        Instant now = clock.instant();
        return database.transaction(client -> locked(
                client,
                job,
                finish(client, job)
                        .flatMap(_ -> ImageRows.bindObject(client.sql("""
                                        UPDATE images SET status = 'completed', object_key = :key, content_type = :type,
                                            size_bytes = :size, crc32 = :crc, etag = :etag, width = :width,
                                            height = :height, updated_at = :now, completed_at = :now,
                                            picture_due = :due
                                        WHERE id = :id
                                        """), object)
                                .bind("now", time(now))
                                .bind("due", time(now.plus(ImageThumbnails.FIRST_LEASE)))
                                .bind("id", job.imageId())
                                .fetch()
                                .rowsUpdated())
                        .delayUntil(_ -> ObjectIntents.consume(client, object.key()))));
    }

    /** Fails the image for good; image and job change together. */
    public Mono<Boolean> fail(Job job, Image.Failure failure) {
        return database.transaction(client ->
                locked(client, job, finish(client, job).flatMap(_ -> {
                    var update =
                            client.sql("""
                                    UPDATE images SET status = 'failed', error_code = :code, error_detail = :detail,
                                        updated_at = :now
                                    WHERE id = :id
                                    """).bind("now", time(clock.instant())).bind("id", job.imageId());
                    return bind(bind(update, "code", failure.code()), "detail", failure.detail())
                            .fetch()
                            .rowsUpdated();
                })));
    }

    /** Every change of image and job takes the image's lock first: in one order, nothing waits in a circle. */
    private static Mono<Boolean> locked(DatabaseClient client, Job job, Mono<Long> change) {
        return ImageRows.lock(
                        client,
                        new Conditions()
                                .and("id = :id", "id", job.imageId())
                                .and("status = 'generating' AND deleting_since IS NULL"))
                .flatMap(_ -> change)
                .map(_ -> true)
                .defaultIfEmpty(false);
    }

    /** Empty when the claim is not the latest. */
    private static Mono<Long> finish(DatabaseClient client, Job job) {
        return ended(client, job.imageId(), bound(client.sql(RESERVED + CLAIMED + " FOR UPDATE"), job));
    }

    /** Part of a transaction that has the image's lock: there is no job any more, and nothing reserved for it. */
    static Mono<Void> end(DatabaseClient client, UUID imageId) {
        var any = client.sql(RESERVED + " WHERE image_id = :image FOR UPDATE").bind("image", imageId);
        return ended(client, imageId, any).then();
    }

    private static Mono<Long> ended(DatabaseClient client, UUID imageId, DatabaseClient.GenericExecuteSpec job) {
        return job.map(row -> OwnerStorage.release(client, Rows.text(row, "owner"), Rows.number(row, "promised_bytes")))
                .one()
                .flatMap(back -> client.sql("DELETE FROM generation_jobs WHERE image_id = :image")
                        .bind("image", imageId)
                        .fetch()
                        .rowsUpdated()
                        .delayUntil(_ -> back));
    }

    private static DatabaseClient.GenericExecuteSpec whereClaimed(DatabaseClient client, String statement, Job job) {
        return bound(client.sql(statement + CLAIMED), job);
    }

    private static DatabaseClient.GenericExecuteSpec bound(DatabaseClient.GenericExecuteSpec statement, Job job) {
        return statement
                .bind("image", job.imageId())
                .bind("worker", job.worker())
                .bind("attempt", job.attempt());
    }

    /** How many jobs there are, waiting or claimed. */
    public Mono<Long> count() {
        return database.query(client -> client.sql("SELECT COUNT(*) AS jobs FROM generation_jobs")
                .map(row -> Rows.number(row, "jobs"))
                .one());
    }

    /**
     * A claimed job: the right of one worker to change it, until its lease ends and another claims it.
     *
     * @param worker who claimed it
     * @param attempt 1 for the first; the fence, which no later claim shares
     * @param leaseUntil when others may claim it
     * @param deadline when the image has failed, however far it is; a job past it is still claimed, to be failed
     * @param asked whether an earlier attempt has asked the provider, or was about to
     * @param predictionId what an earlier attempt began, to be continued
     */
    public record Job(
            UUID imageId,
            String worker,
            int attempt,
            Instant leaseUntil,
            Instant deadline,
            boolean asked,
            @Nullable String predictionId,
            Instant createdAt) {}
}
