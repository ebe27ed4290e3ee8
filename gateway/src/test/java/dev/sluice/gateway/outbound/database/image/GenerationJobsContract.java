package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.isEmpty;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.object;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.ownedBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.GenerationJobs.PredictionFate;
import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

abstract class GenerationJobsContract extends RepositoryContract {
    private static final Duration LEASE = Duration.ofSeconds(30);

    @Test
    void createdJobIsClaimedOnce() {
        Image image = created("a cat");

        GenerationJobs.Job job = db.claimOne("w1");

        assertThat(job)
                .isEqualTo(new GenerationJobs.Job(
                        image.id(),
                        "w1",
                        1,
                        db.clock.instant().plus(LEASE),
                        db.clock.instant().plusSeconds(120),
                        false,
                        null,
                        db.clock.instant()));
        assertThat(get(db.jobs.claim("w2", 10, LEASE))).isEmpty();
        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
    }

    @Test
    void placeInTheQueueIsThatInWhichJobsAreClaimed() {
        Image first = created("first");
        db.clock.advance(Duration.ofSeconds(1));
        Image second = created("second");
        db.clock.advance(Duration.ofSeconds(1));
        Image third = created("third");
        assertThat(get(db.queue.position(first.id()))).isEqualTo(1);
        assertThat(get(db.queue.position(third.id()))).isEqualTo(3);

        GenerationJobs.Job job = db.claimOne("w1");

        assertThat(job.imageId()).isEqualTo(first.id());
        assertThat(isEmpty(db.queue.position(first.id()))).isTrue();
        assertThat(get(db.queue.position(second.id()))).isEqualTo(1);
        assertThat(get(db.queue.position(third.id()))).isEqualTo(2);

        assertThat(get(db.jobs.retryAt(job, db.clock.instant().plusSeconds(60), PredictionFate.DISCARDED)))
                .isTrue();

        assertThat(get(db.queue.position(first.id()))).isEqualTo(3);
        assertThat(isEmpty(db.queue.position(UUID.randomUUID()))).isTrue();
    }

    @Test
    void imageAndJobAreCreatedTogetherOrNotAtAll() {
        Image image = created("first");

        assertThatThrownBy(() -> done(db.jobs.create(image, db.clock.instant(), 1000)))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));
        assertThatThrownBy(() ->
                        done(db.database.transaction(client -> ImageRows.insert(client, db.generating("bob", "x"))
                                .then(client.sql("INSERT INTO generation_jobs (image_id) VALUES (NULL)")
                                        .then()))))
                .satisfies(failure(DatabaseException.Kind.REJECTED));

        assertThat(db.rows("images")).isEqualTo(1);
        assertThat(db.rows("generation_jobs")).isEqualTo(1);
    }

    @Test
    void eightWorkersClaimTwoHundredJobsOnceEach() {
        get(Flux.range(0, 200)
                .flatMap(i -> db.jobs.create(db.generating("alice", "image " + i), db.clock.instant(), 1000), 8)
                .then(Mono.just(true)));

        List<GenerationJobs.Job> claimed = get(Flux.range(0, 8)
                .flatMap(
                        worker -> Mono.defer(() -> db.jobs.claim("w" + worker, 3, LEASE))
                                .repeat()
                                .takeUntil(List::isEmpty)
                                .concatMapIterable(jobs -> jobs),
                        8)
                .collectList());
        // A worker finds nothing while the others hold what is left under their locks; whoever comes next finds it.
        claimed.addAll(get(db.jobs.claim("last", 100, LEASE)));

        Set<UUID> images = new HashSet<>();
        claimed.forEach(job -> images.add(job.imageId()));
        assertThat(claimed)
                .hasSize(200)
                .allSatisfy(job -> assertThat(job.attempt()).isEqualTo(1));
        assertThat(images).hasSize(200);
        assertThat(claimed.stream().map(GenerationJobs.Job::worker).distinct().count())
                .isGreaterThan(1);
    }

    @Test
    void jobOfAWorkerThatDiedIsClaimedAgainWhenItsLeaseEnds() {
        Image image = created("a cat");
        GenerationJobs.Job dead = db.claimOne("w1");
        assertThat(get(db.jobs.predictionStarted(dead, "prediction-1"))).isTrue();

        db.clock.advance(LEASE.minusMillis(1));
        assertThat(get(db.jobs.claim("w2", 1, LEASE))).isEmpty();
        db.clock.advance(Duration.ofMillis(1));
        GenerationJobs.Job again = db.claimOne("w2");

        assertThat(again.attempt()).isEqualTo(2);
        assertThat(again.predictionId()).isEqualTo("prediction-1");
        assertThat(get(db.images.find(image.id(), ownedBy("alice"))).generation())
                .extracting(Image.Generation::predictionId)
                .isEqualTo("prediction-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"w1", "w2"})
    void workerThatLostItsLeaseChangesNothing(String next) {
        created("a cat");
        GenerationJobs.Job stale = db.claimOne("w1");
        db.clock.advance(LEASE);
        GenerationJobs.Job current = db.claimOne(next);
        announced(object());

        assertThat(get(db.jobs.renew(stale, LEASE))).isFalse();
        assertThat(get(db.jobs.predictionStarted(stale, "late"))).isFalse();
        assertThat(get(db.jobs.retryAt(stale, db.clock.instant(), PredictionFate.DISCARDED)))
                .isFalse();
        assertThat(get(db.jobs.complete(stale, announced(object())))).isFalse();
        assertThat(get(db.jobs.fail(stale, new Image.Failure("late", "late")))).isFalse();

        assertThat(get(db.jobs.renew(current, LEASE))).isTrue();
        assertThat(get(db.images.find(current.imageId(), ownedBy("alice"))).status())
                .isEqualTo(Image.Status.GENERATING);
        assertThat(db.rows("object_intents")).isEqualTo(2);
    }

    @Test
    void renewedLeaseIsKept() {
        created("a cat");
        GenerationJobs.Job job = db.claimOne("w1");
        db.clock.advance(LEASE.minusSeconds(1));
        assertThat(get(db.jobs.renew(job, LEASE))).isTrue();
        db.clock.advance(LEASE.minusSeconds(1));

        assertThat(get(db.jobs.claim("w2", 1, LEASE))).isEmpty();
    }

    @Test
    void completedJobIsGoneAndItsImageHasItsObject() {
        Image image = created("a cat");
        GenerationJobs.Job job = db.claimOne("w1");
        ImageObject object = announced(object());
        db.clock.advance(Duration.ofSeconds(5));

        assertThat(get(db.jobs.complete(job, object))).isTrue();

        Image completed = get(db.images.find(image.id(), ownedBy("alice")));
        assertThat(completed.status()).isEqualTo(Image.Status.COMPLETED);
        assertThat(completed.object()).isEqualTo(object);
        assertThat(completed.completedAt()).isEqualTo(db.clock.instant());
        assertThat(get(db.jobs.count())).isZero();
        assertThat(db.rows("object_intents")).isZero();
        assertThat(get(db.jobs.complete(job, announced(object())))).isFalse();
    }

    @Test
    void imageIsNotCompletedWithAnObjectThatWasGivenUp() {
        Image image = created("a cat");
        GenerationJobs.Job job = db.claimOne("w1");
        ImageObject object = announced(object());
        get(db.intents.abandon(object.key()));

        assertThatThrownBy(() -> get(db.jobs.complete(job, object)))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));

        assertThat(get(db.images.find(image.id(), ownedBy("alice"))).status()).isEqualTo(Image.Status.GENERATING);
        assertThat(get(db.jobs.renew(job, LEASE))).isTrue();
        assertThat(db.rows("object_intents")).isEqualTo(1);
    }

    @Test
    void failedJobIsGoneAndItsImageSaysWhy() {
        Image image = created("a cat");
        var why = new Image.Failure("generation_timed_out", "Image generation timed out" + "!".repeat(2000));

        assertThat(get(db.jobs.fail(db.claimOne("w1"), why))).isTrue();

        Image failed = get(db.images.find(image.id(), ownedBy("alice")));
        assertThat(failed.status()).isEqualTo(Image.Status.FAILED);
        assertThat(failed.failure()).isEqualTo(why);
        assertThat(why.detail()).hasSize(1000).endsWith("…");
        assertThat(get(db.jobs.count())).isZero();
    }

    @Test
    void nextAttemptKnowsThatTheProviderWasAsked() {
        created("a cat");
        GenerationJobs.Job first = db.claimOne("w1");
        assertThat(get(db.jobs.asking(first))).isTrue();
        db.clock.advance(LEASE);

        GenerationJobs.Job second = db.claimOne("w2");

        assertThat(second.asked()).isTrue();
        assertThat(second.predictionId()).isNull();
        assertThat(get(db.jobs.asking(first))).isFalse();
        get(db.jobs.retryAt(second, db.clock.instant(), PredictionFate.DISCARDED));
        assertThat(db.claimOne("w2").asked()).isFalse();
    }

    @Test
    void jobWaitsForItsNextAttempt() {
        created("a cat");
        GenerationJobs.Job job = db.claimOne("w1");
        get(db.jobs.predictionStarted(job, "p"));
        assertThat(get(db.jobs.retryAt(job, db.clock.instant().plusSeconds(4), PredictionFate.KEPT)))
                .isTrue();

        assertThat(get(db.jobs.claim("w1", 1, LEASE))).isEmpty();
        assertThat(get(db.jobs.renew(job, LEASE))).isFalse();
        db.clock.advance(Duration.ofSeconds(4));
        GenerationJobs.Job next = db.claimOne("w1");
        assertThat(next.predictionId()).isEqualTo("p");
        get(db.jobs.retryAt(next, db.clock.instant(), PredictionFate.DISCARDED));
        assertThat(db.claimOne("w1").predictionId()).isNull();
    }

    @Test
    void deletingAnImageEndsItsJob() {
        Image image = created("a cat");
        GenerationJobs.Job job = db.claimOne("w1");

        get(db.deletion.begin(image.id(), ownedBy("alice")));

        assertThat(get(db.jobs.complete(job, announced(object())))).isFalse();
        assertThat(get(db.jobs.renew(job, LEASE))).isFalse();
        done(db.deletion.finish(image.id()));
        assertThat(db.rows("images") + db.rows("generation_jobs")).isZero();
    }

    @Test
    void deletionAndCompletionAtOnceLeaveOneOfTheirOutcomes() {
        for (int i = 0; i < 20; i++) {
            Image image = created("a cat");
            GenerationJobs.Job job = db.claimOne("w1");
            ImageObject object = announced(object());

            var both = get(Mono.zip(db.jobs.complete(job, object), db.deletion.begin(image.id(), new Everywhere())));

            Image begun = ((ImageDeletion.Start.Begun) both.getT2()).image();
            boolean completed = both.getT1();
            assertThat(begun.object()).isEqualTo(completed ? object : null);
            assertThat(get(db.references.isNamed(object.key()))).isTrue();
            assertThat(isEmpty(db.images.find(image.id(), new Everywhere()))).isTrue();
            done(db.deletion.finish(image.id()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 101})
    void claimOutOfBoundsIsNamed(int most) {
        assertThatThrownBy(() -> db.jobs.claim("w1", most, LEASE)).hasMessageContaining("most: " + most);
    }

    private Image created(String prompt) {
        Image image = db.generating("alice", prompt);
        done(db.jobs.create(image, db.clock.instant().plusSeconds(120), 1000));
        return image;
    }

    private ImageObject announced(ImageObject object) {
        done(db.announce(object.key(), UUID.randomUUID(), Duration.ofMinutes(2)));
        return object;
    }
}
