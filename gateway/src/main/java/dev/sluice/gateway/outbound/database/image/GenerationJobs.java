package dev.sluice.gateway.outbound.database;

import static dev.sluice.gateway.outbound.database.Rows.bind;
import static dev.sluice.gateway.outbound.database.Rows.time;

import io.r2dbc.spi.Readable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The table {@code generation_jobs}: one row for each image that is being generated, claimed by one worker at a time,
 * whatever number of processes there are. The states are drawn in the package's own page.
 *
 * <p>What takes a {@link GenerationJob} answers false, and has changed nothing, when that claim is no longer the latest
 * or the image is being deleted: the worker then removes what it stored and stops. Leases are compared by the clocks of
 * the processes, which should agree to a fraction of a lease.
 */
public final class GenerationJobs {
    private static final int MOST_AT_ONCE = 100;
    private static final String MINE = " WHERE image_id = :image AND lease_owner = :worker AND attempt = :attempt";
    private static final String PROMISED = "SELECT promised_bytes,"
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
     * {@link StorageQuotaException} or {@link ImageQuotaException} if there is no room for what may come.
     *
     * @param largest bytes that the image may have, promised to it until the job ends
     */
    public Mono<Void> create(Image image, Instant deadline, long largest) {
        if (image.status() != ImageStatus.GENERATING) {
            throw new IllegalArgumentException(
                    "image " + image.id() + ": " + image.status() + " (expected: generating)");
        }
        return database.change(client -> OwnerStorage.take(client, image.owner(), largest, quota)
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
    public Mono<List<GenerationJob>> claim(String worker, int most, Duration lease) {
        Text.checkPresent("worker", worker, Generation.LONGEST_NAME);
        if (most < 1 || most > MOST_AT_ONCE) {
            throw new IllegalArgumentException("most: " + most + " (expected: 1 to " + MOST_AT_ONCE + ")");
        }
        Instant now = clock.instant();
        return database.change(client -> client.sql("""
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
                        .concatMap(job -> take(client, job))
                        .collectList()));
    }

    private static GenerationJob claimed(Readable row, String worker, Instant until) {
        return new GenerationJob(
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
    private static Mono<GenerationJob> take(DatabaseClient client, GenerationJob job) {
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

    /** Has the lease end so long from now. A lease that ended is renewed too, as long as nobody else has claimed. */
    public Mono<Boolean> renew(GenerationJob job, Duration lease) {
        return database.change(client -> mine(client, "UPDATE generation_jobs SET due_at = :until", job)
                .bind("until", time(clock.instant().plus(lease)))
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /** Remembers that the provider is about to be asked, so that it is not asked again should its answer be lost. */
    public Mono<Boolean> asking(GenerationJob job) {
        return database.change(client -> mine(client, "UPDATE generation_jobs SET asked = TRUE", job)
                .fetch()
                .rowsUpdated()
                .map(rows -> rows == 1));
    }

    /** Remembers what the provider calls its work, before anyone waits for it, so that a restart continues it. */
    public Mono<Boolean> predictionStarted(GenerationJob job, String predictionId) {
        Text.checkPresent("predictionId", predictionId, Generation.LONGEST_NAME);
        return database.change(client -> locked(
                client,
                job,
                mine(client, "UPDATE generation_jobs SET prediction_id = :prediction", job)
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
    public Mono<Boolean> retryAt(GenerationJob job, Instant next, PredictionFate prediction) {
        String forget = prediction == PredictionFate.FORGOTTEN ? ", asked = FALSE, prediction_id = NULL" : "";
        return database.change(
                client -> mine(client, "UPDATE generation_jobs SET lease_owner = NULL, due_at = :next" + forget, job)
                        .bind("next", time(next))
                        .fetch()
                        .rowsUpdated()
                        .map(rows -> rows == 1));
    }

    /** Whether the next attempt waits for the prediction that this one began, or asks the provider anew. */
    public enum PredictionFate {
        KEPT,
        FORGOTTEN
    }

    /**
     * Completes the image with an object stored under an announced key; image, job and intent change together.
     * {@link DatabaseFailure#CONFLICT} if the intent has expired.
     */
    public Mono<Boolean> complete(GenerationJob job, StoredObject object) {
        Instant now = clock.instant();
        return database.change(client -> locked(
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
                                .bind("due", time(now.plus(Thumbnails.FIRST_LEASE)))
                                .bind("id", job.imageId())
                                .fetch()
                                .rowsUpdated())
                        .delayUntil(_ -> ObjectIntents.redeem(client, object.key()))));
    }

    /** Fails the image for good; image and job change together. */
    public Mono<Boolean> fail(GenerationJob job, Image.Failure failure) {
        return database.change(client -> locked(client, job, finish(client, job).flatMap(_ -> {
            var update = client.sql("""
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
    private static Mono<Boolean> locked(DatabaseClient client, GenerationJob job, Mono<Long> change) {
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
    private static Mono<Long> finish(DatabaseClient client, GenerationJob job) {
        return ended(client, job.imageId(), bound(client.sql(PROMISED + MINE + " FOR UPDATE"), job));
    }

    /** Part of a transaction that has the image's lock: there is no job any more, and nothing promised to it. */
    static Mono<Void> end(DatabaseClient client, UUID imageId) {
        var any = client.sql(PROMISED + " WHERE image_id = :image FOR UPDATE").bind("image", imageId);
        return ended(client, imageId, any).then();
    }

    private static Mono<Long> ended(DatabaseClient client, UUID imageId, DatabaseClient.GenericExecuteSpec job) {
        return job.map(row ->
                        OwnerStorage.giveBack(client, Rows.text(row, "owner"), Rows.number(row, "promised_bytes")))
                .one()
                .flatMap(back -> client.sql("DELETE FROM generation_jobs WHERE image_id = :image")
                        .bind("image", imageId)
                        .fetch()
                        .rowsUpdated()
                        .delayUntil(_ -> back));
    }

    private static DatabaseClient.GenericExecuteSpec mine(DatabaseClient client, String statement, GenerationJob job) {
        return bound(client.sql(statement + MINE), job);
    }

    private static DatabaseClient.GenericExecuteSpec bound(
            DatabaseClient.GenericExecuteSpec statement, GenerationJob job) {
        return statement
                .bind("image", job.imageId())
                .bind("worker", job.worker())
                .bind("attempt", job.attempt());
    }

    /** How many jobs there are, waiting or claimed. */
    public Mono<Long> count() {
        return database.ask(client -> client.sql("SELECT COUNT(*) AS jobs FROM generation_jobs")
                .map(row -> Rows.number(row, "jobs"))
                .one());
    }
}
