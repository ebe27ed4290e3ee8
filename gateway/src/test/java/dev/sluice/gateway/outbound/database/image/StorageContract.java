package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.TestDatabase.QUOTA;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.SIZE;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.keyOf;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is an owner's, through everything that can become of an image. */
abstract class StorageContract extends RepositoryContract {
    private static final Duration TTL = Duration.ofMinutes(2);

    private Mono<Void> announce(String owner, String key, long size, QuotaMode mode) {
        return db.intents.announce(
                owner, List.of(new ObjectIntents.Announced(key, size)), UUID.randomUUID(), TTL, mode);
    }

    private static ImageThumbnails.Stored thumbnail(Image image, int width) {
        return new ImageThumbnails.Stored(keyOf(image) + "." + width, "image/webp", width, "e", width, width);
    }

    private void thumbnails(Image image, int... widths) {
        List<ImageThumbnails.Stored> all =
                Arrays.stream(widths).mapToObj(width -> thumbnail(image, width)).toList();
        done(db.intents.announce(
                "alice",
                all.stream()
                        .map(each -> new ObjectIntents.Announced(each.key(), each.size()))
                        .toList(),
                image.id(),
                TTL,
                QuotaMode.COUNTED));
        Thumbnails.Job job = Thumbnails.Job.ofStored(image.id(), image.owner(), Objects.requireNonNull(image.object()));
        assertThat(get(db.thumbnails.complete(job, 640, 480, null, all))).isTrue();
    }

    @Test
    void nothingIsTheirsWhoHaveNothing() {
        assertThat(get(db.storage.of("alice"))).isEqualTo(new OwnerStorage.Use(0, QUOTA));
    }

    @Test
    void imageAndItsThumbnailsCountFromTheirAnnouncementToTheirDeletion() {
        Image image = db.stored("alice", "a");
        done(db.announce(keyOf(image), image.id(), TTL));
        assertThat(db.counted("alice")).isEqualTo(SIZE);
        done(db.images.add(image));
        assertThat(db.counted("alice")).isEqualTo(SIZE);

        thumbnails(image, 160, 320);
        assertThat(db.counted("alice")).isEqualTo(SIZE + 480);
        assertThat(db.counted("bob")).isZero();
        get(db.deletion.begin(image.id(), new Everywhere()));
        assertThat(db.counted("alice")).isEqualTo(SIZE + 480);

        done(db.deletion.finish(image.id()));
        done(db.deletion.finish(image.id()));
        assertThat(db.counted("alice")).isZero();
    }

    @Test
    void objectsThatAreGoneCountNoMore() {
        Image image = db.added(db.stored("alice", "a"));
        thumbnails(image, 160, 320);

        assertThat(get(db.thumbnails.markLost(image.id(), keyOf(image) + ".160")))
                .isTrue();
        assertThat(db.counted("alice")).isEqualTo(SIZE + 320);
        assertThat(get(db.images.markLost(image.id(), keyOf(image)))).isTrue();
        assertThat(db.counted("alice")).as("what is still to be removed").isEqualTo(320);

        for (ObjectIntents.Intent intent : get(db.intents.takeExpired(10))) {
            done(db.intents.forget(intent.key()));
            done(db.intents.forget(intent.key()));
        }
        assertThat(db.counted("alice")).isZero();
    }

    @Test
    void keyThatTwoForgetAtOnceIsGivenBackOnce() {
        done(announce("alice", "kept", 10_000, QuotaMode.ENFORCED));
        for (int i = 0; i < 10; i++) {
            String key = "key" + i;
            done(announce("alice", key, 100, QuotaMode.ENFORCED));
            get(db.intents.abandon(key));

            Mono.when(db.intents.forget(key), db.intents.forget(key)).block(TestDatabase.TIMEOUT);

            assertThat(db.counted("alice")).isEqualTo(10_000);
        }
    }

    @Test
    void objectsAnnouncedAtOnceNeverTakeMoreThanTheQuota() {
        long tenth = QUOTA / 10;

        long admitted = get(Flux.range(0, 30)
                .flatMap(
                        i -> announce("alice", "key" + i, tenth, QuotaMode.ENFORCED)
                                .thenReturn(1)
                                .onErrorResume(QuotaExceededException.OfStorage.class, full -> Mono.empty()),
                        30)
                .count());

        assertThat(admitted).isEqualTo(10);
        assertThat(db.counted("alice")).isEqualTo(10 * tenth);
        assertThat(db.rows("object_intents")).isEqualTo(10);
    }

    @Test
    void ownerHasNoMoreImagesThanItMayHoweverSmallTheyAreAndHowManyComeAtOnce() {
        Image image = db.added(db.stored("alice", "a"));
        done(db.jobs.create(db.generating("alice", "a cat"), db.clock.instant().plusSeconds(120), 1));

        long admitted = get(Flux.range(0, TestDatabase.FEW_IMAGES + 10)
                .flatMap(
                        i -> announce("alice", "key" + i, 1, QuotaMode.ENFORCED)
                                .thenReturn(1)
                                .onErrorResume(QuotaExceededException.OfImages.class, full -> Mono.empty()),
                        30)
                .count());

        assertThat(admitted).isEqualTo(TestDatabase.FEW_IMAGES - 2);
        long bytes = db.counted("alice");
        assertThatThrownBy(() -> done(db.jobs.create(
                        db.generating("alice", "a dog"), db.clock.instant().plusSeconds(120), 1)))
                .isInstanceOfSatisfying(
                        QuotaExceededException.OfImages.class,
                        full -> assertThat(full.quota()).isEqualTo(TestDatabase.FEW_IMAGES));
        assertThat(db.counted("alice")).as("what was refused takes nothing").isEqualTo(bytes);
        done(announce("alice", "thumbnail", 1, QuotaMode.COUNTED));
        done(announce("bob", "b", 1, QuotaMode.ENFORCED));
        get(db.intents.abandon("thumbnail"));
        done(db.intents.forget("thumbnail"));

        get(db.deletion.begin(image.id(), new Everywhere()));
        done(db.deletion.finish(image.id()));
        done(announce("alice", "new", 1, QuotaMode.ENFORCED));
    }

    @Test
    void oneOwnersBytesAreNoOthers() {
        done(announce("alice", "a", QUOTA, QuotaMode.ENFORCED));

        assertThatThrownBy(() -> done(announce("alice", "b", 1, QuotaMode.ENFORCED)))
                .isInstanceOf(QuotaExceededException.OfStorage.class);
        done(announce("bob", "c", QUOTA, QuotaMode.ENFORCED));
        assertThatThrownBy(() -> done(db.storage.requireRoom("alice")))
                .isInstanceOf(QuotaExceededException.OfStorage.class);
        done(db.storage.requireRoom("carol"));
    }

    @Test
    void whatWasAdmittedBeforeIsCountedBeyondTheQuota() {
        done(announce("alice", "a", QUOTA, QuotaMode.ENFORCED));

        done(announce("alice", "thumbnail", 100, QuotaMode.COUNTED));

        assertThat(db.counted("alice")).isEqualTo(QUOTA + 100);
    }

    @Test
    void generationKeepsRoomForWhatMayComeUntilItEnds() {
        Instant deadline = db.clock.instant().plusSeconds(120);
        long half = QUOTA / 2;
        Image image = db.generating("alice", "a cat");
        done(db.jobs.create(image, deadline, half));
        Image other = db.generating("alice", "a dog");
        done(db.jobs.create(other, deadline, half));
        Image third = db.generating("alice", "a cow");

        assertThatThrownBy(() -> done(db.jobs.create(third, deadline, 1)))
                .isInstanceOf(QuotaExceededException.OfStorage.class);
        assertThat(db.rows("images")).isEqualTo(2);
        assertThat(db.counted("alice")).isEqualTo(QUOTA);

        GenerationJobs.Job job = db.claimOne("worker");
        ImageObject object = object();
        done(db.intents.announce(
                "alice",
                List.of(new ObjectIntents.Announced(object.key(), SIZE)),
                job.imageId(),
                TTL,
                QuotaMode.COUNTED));
        assertThat(get(db.jobs.complete(job, object))).isTrue();
        assertThat(get(db.jobs.complete(job, object))).isFalse();
        assertThat(db.counted("alice")).isEqualTo(half + SIZE);

        GenerationJobs.Job fails = db.claimOne("worker");
        assertThat(get(db.jobs.fail(fails, new Image.Failure("timed_out", "late"))))
                .isTrue();
        assertThat(db.counted("alice")).isEqualTo(SIZE);
    }

    @Test
    void generationThatIsDeletedKeepsNothing() {
        Image image = db.generating("alice", "a cat");
        done(db.jobs.create(image, db.clock.instant(), 1000));

        get(db.deletion.begin(image.id(), new Everywhere()));
        get(db.deletion.begin(image.id(), new Everywhere()));

        assertThat(db.counted("alice")).isZero();
    }

    @Test
    void countGoneWrongIsMadeGood() {
        db.added(db.stored("alice", "a"));
        done(db.database.transaction(
                client -> client.sql("UPDATE owner_storage SET used_bytes = 7").then()));
        db.added(db.stored("bob", "b"));
        done(db.database.transaction(client ->
                client.sql("DELETE FROM owner_storage WHERE owner = 'bob'").then()));

        done(db.storage.recount());

        assertThat(db.used("alice")).isEqualTo(SIZE);
        assertThat(db.used("bob")).isEqualTo(SIZE);
    }
}
