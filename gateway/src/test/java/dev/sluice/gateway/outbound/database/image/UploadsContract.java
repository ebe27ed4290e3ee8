package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.isEmpty;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

abstract class UploadsContract extends RepositoryContract {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration URL = Duration.ofMinutes(10);
    private static final Duration LATE_PUT = Duration.ofMinutes(10);
    private static final Uploads.TimeToLive TTL = new Uploads.TimeToLive(URL, HOUR);
    private static final Image.Listing LISTING = new Image.Listing("house", "alice");
    private static final int MOST = 10;

    private static Upload upload(String name) {
        return new Upload(
                UUID.randomUUID(),
                "user:alice",
                LISTING,
                name,
                "t/0/" + UUID.randomUUID() + ".png",
                "image/png",
                1234,
                "Grüße.png",
                true,
                7);
    }

    private Uploads.Announcement announce(Upload... uploads) {
        return get(db.uploads.announce(List.of(uploads), TTL, MOST));
    }

    private Image stored(Upload upload) {
        return Image.stored(
                upload.imageId(),
                upload.owner(),
                null,
                Image.Source.UPLOADED,
                null,
                TestDatabase.object(upload.objectKey()),
                upload.listing(),
                db.clock.instant());
    }

    private Mono<Upload> find(String name) {
        return db.uploads.find("user:alice", LISTING, name);
    }

    @Test
    void announcedUploadIsFoundByItsNameAndItsKeyIsNamed() {
        Upload front = upload("front");

        assertThat(announce(front)).isEqualTo(new Uploads.Announcement.Announced());

        assertThat(get(find("front"))).isEqualTo(front);
        assertThat(get(db.references.isNamed(front.objectKey()))).isTrue();
        assertThat(isEmpty(find("back"))).isTrue();
        assertThat(isEmpty(db.uploads.find("user:bob", LISTING, "front"))).isTrue();
        assertThat(isEmpty(db.uploads.find("user:alice", new Image.Listing("hut", "alice"), "front")))
                .isTrue();
        assertThat(isEmpty(db.uploads.find("user:alice", new Image.Listing("house", "p1"), "front")))
                .isTrue();
    }

    @Test
    void whatIsAnnouncedAgainTakesThePlaceOfWhatWasNeverComplete() {
        Upload first = upload("front");
        Upload second = upload("front");
        announce(first);

        assertThat(announce(second)).isEqualTo(new Uploads.Announcement.Announced());

        assertThat(get(find("front"))).isEqualTo(second);
        db.clock.advance(HOUR);
        assertThat(get(db.intents.takeExpired(10)))
                .extracting(ObjectIntents.Intent::key)
                .containsExactlyInAnyOrder(first.objectKey(), second.objectKey());
    }

    @Test
    void nameOfACompleteImageIsNotAnnouncedAgainUntilThatIsDeleted() {
        Upload front = upload("front");
        announce(front);
        done(db.images.add(stored(front)));

        assertThat(announce(upload("back"), upload("front"))).isEqualTo(new Uploads.Announcement.Complete("front"));
        assertThat(isEmpty(find("back"))).isTrue();
        get(db.deletion.begin(front.imageId(), new Everywhere()));

        assertThat(announce(upload("front"))).isEqualTo(new Uploads.Announcement.Announced());
    }

    @Test
    void completeUploadKeepsItsNameAndIsNoLongerUnderWay() {
        Upload front = upload("front");
        get(db.uploads.announce(List.of(front), TTL, 1));
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.TooMany(1));
        done(db.uploads.complete(copied(front)));

        assertThat(get(db.uploads.forgetEnded())).isZero();
        assertThat(get(find("front"))).isEqualTo(front);
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.Announced());
    }

    @Test
    void uploadBecomesAnImageOnceUnderAnotherKeyAndItsOwnKeyStaysNamed() {
        Upload front = upload("front");
        announce(front);
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isTrue();
        Image image = copied(front);

        done(db.uploads.complete(image));

        assertThat(get(db.images.find(front.imageId(), new Everywhere()))).isEqualTo(image);
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isFalse();
        assertThat(get(db.uploads.forget(front.imageId()))).isFalse();
        assertThat(get(db.references.isNamed(front.objectKey()))).isTrue();
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.Announced());
        get(db.deletion.begin(front.imageId(), new Everywhere()));
        done(db.deletion.finish(front.imageId()));
        assertThat(isEmpty(find("front"))).isTrue();
        assertThatThrownBy(() -> done(db.uploads.complete(copied(front))))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));
        assertThat(get(db.uploads.forgetEnded())).isZero();
        db.clock.advance(HOUR);
        for (ObjectIntents.Intent intent : get(db.intents.takeExpired(10))) {
            done(db.intents.forget(intent.key()));
        }
        assertThat(get(db.uploads.forgetEnded())).as("of which no image came").isEqualTo(1);
        assertThat(isEmpty(find("front"))).isTrue();
    }

    @Test
    void whatIsAnnouncedNoMoreBecomesNoImage() {
        Upload front = upload("front");
        announce(front);
        assertThat(get(db.uploads.forget(front.imageId()))).isTrue();
        Image image = copied(front);

        assertThatThrownBy(() -> done(db.uploads.complete(image))).satisfies(failure(DatabaseException.Kind.CONFLICT));

        assertThat(isEmpty(db.images.find(front.imageId(), new Everywhere()))).isTrue();
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isFalse();
    }

    @Test
    void completionsAtOnceMakeOneImage() {
        for (int i = 0; i < 10; i++) {
            Upload upload = upload("image" + i);
            get(db.uploads.announce(List.of(upload), TTL, 1000));
            List<Mono<Boolean>> both = Stream.of(copied(upload), copied(upload))
                    .map(image -> db.uploads.complete(image).thenReturn(true).onErrorReturn(false))
                    .toList();

            assertThat(get(Flux.merge(both).collectList())).containsExactlyInAnyOrder(true, false);
        }
    }

    /** The image that becomes of an upload: its object is announced, under a key of its own. */
    private Image copied(Upload upload) {
        String key = "t/0/" + UUID.randomUUID() + ".png";
        done(db.intents.announce(
                upload.owner(),
                List.of(new ObjectIntents.Announced(key, TestDatabase.SIZE)),
                upload.imageId(),
                HOUR,
                QuotaMode.COUNTED));
        return Image.stored(
                upload.imageId(),
                upload.owner(),
                null,
                Image.Source.UPLOADED,
                null,
                TestDatabase.object(key),
                upload.listing(),
                db.clock.instant());
    }

    @Test
    void oneTooManyAnnouncesNothingAndForgetsNothing() {
        Upload first = upload("0");
        announce(first);
        Upload[] rest = new Upload[MOST];
        for (int i = 0; i < MOST; i++) {
            rest[i] = upload(Integer.toString(i + 1));
        }

        assertThat(announce(rest)).isEqualTo(new Uploads.Announcement.TooMany(1));

        assertThat(db.rows("uploads")).isEqualTo(1);
        assertThat(db.rows("object_intents")).isEqualTo(1);
        // Announced again it is another one, whose bytes may come beside those of the first.
        rest[0] = upload("0");
        assertThat(announce(rest)).isEqualTo(new Uploads.Announcement.TooMany(1));
    }

    @Test
    void urlsOfReplacedUploadsAreCountedUntilTheyHaveExpired() {
        for (int i = 0; i < MOST; i++) {
            assertThat(announce(upload("front"))).isEqualTo(new Uploads.Announcement.Announced());
        }

        assertThat(announce(upload("front"))).isEqualTo(new Uploads.Announcement.TooMany(MOST));
        db.clock.advance(URL);

        // The last one has taken nobody's place, and may still become an image.
        Upload[] rest = new Upload[MOST - 1];
        for (int i = 0; i < rest.length; i++) {
            rest[i] = upload("other" + i);
        }
        assertThat(announce(upload("one"), upload("more"))).isEqualTo(new Uploads.Announcement.Announced());
        assertThat(announce(rest)).isEqualTo(new Uploads.Announcement.TooMany(3));
    }

    @Test
    void uploadsAnnouncedAtOnceAreNoMoreThanMayBe() {
        long announced = get(Flux.range(0, 20)
                .flatMap(i -> db.uploads.announce(List.of(upload("image" + i)), TTL, 5), 20)
                .filter(new Uploads.Announcement.Announced()::equals)
                .count());

        assertThat(announced).isEqualTo(5);
        assertThat(db.rows("uploads")).isEqualTo(5);
    }

    @Test
    void onlyAnAwaitedUploadMayBePut() {
        Upload replaced = upload("front");
        announce(replaced);
        Upload front = upload("front");
        announce(front);
        Upload back = upload("back");
        announce(back);

        assertThat(get(db.uploads.isAwaited(replaced.objectKey()))).isFalse();
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isTrue();
        done(db.uploads.complete(copied(front)));
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isFalse();
        get(db.uploads.forget(back.imageId()));
        assertThat(get(db.uploads.isAwaited(back.objectKey()))).isFalse();
    }

    @Test
    void uploadThatIsAnImageCountsOnce() {
        Upload front = upload("front");
        announce(front, upload("back"));
        Image image = copied(front);
        assertThat(db.counted("user:alice")).as("the copy is put beside it").isEqualTo(3 * TestDatabase.SIZE);

        done(db.uploads.complete(image));

        assertThat(db.counted("user:alice")).isEqualTo(2 * TestDatabase.SIZE);
        db.clock.advance(HOUR);
        for (ObjectIntents.Intent intent : get(db.intents.takeExpired(10))) {
            done(db.intents.forget(intent.key()));
        }
        assertThat(db.counted("user:alice")).as("the image alone").isEqualTo(TestDatabase.SIZE);
    }

    @Test
    void uploadThatBecomesNoImageCountsAsBefore() {
        Upload front = upload("front");
        announce(front);
        done(db.uploads.complete(copied(front)));

        assertThatThrownBy(() -> done(db.uploads.complete(copied(front))))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));

        assertThat(db.counted("user:alice")).as("the image and a copy in vain").isEqualTo(2 * TestDatabase.SIZE);
    }

    @Test
    void urlOfADeletedImageIsLiveUntilItHasEndedAndItsKeyKnownUntilItIsSwept() {
        Upload front = upload("front");
        announce(front);
        Image image = copied(front);
        done(db.uploads.complete(image));
        get(db.deletion.begin(front.imageId(), new Everywhere()));
        done(db.deletion.finish(front.imageId()));

        assertThat(get(db.references.isNamed(front.objectKey()))).isTrue();
        assertThat(get(db.references.isNamed(TestDatabase.keyOf(image)))).isFalse();
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isFalse();
        assertThat(db.counted("user:alice")).as("what the URL may bring back").isEqualTo(TestDatabase.SIZE);
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.TooMany(1));

        db.clock.advance(URL);
        assertThat(get(db.intents.takeExpired(10))).as("a put may be under way").isEmpty();
        assertThat(get(db.references.isNamed(front.objectKey()))).isTrue();
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.Announced());

        db.clock.advance(LATE_PUT);
        assertThat(get(db.intents.takeExpired(10)))
                .containsExactly(new ObjectIntents.Intent(front.objectKey(), front.imageId()));
        done(db.intents.forget(front.objectKey()));
        assertThat(get(db.references.isNamed(front.objectKey()))).isFalse();
        assertThat(db.counted("user:alice")).as("the other upload").isEqualTo(TestDatabase.SIZE);
    }

    @Test
    void refusedUploadIsLiveUntilItsUrlHasEnded() {
        Upload front = upload("front");
        announce(front);
        get(db.uploads.forget(front.imageId()));

        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.TooMany(1));
        db.clock.advance(URL);
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.Announced());
    }

    @Test
    void imagesCompletedWhileTheirNamesAreAnnouncedAgainWaitForNobodyInACircle() {
        for (int i = 0; i < 10; i++) {
            String name = "image" + i;
            Upload upload = upload(name);
            get(db.uploads.announce(List.of(upload), TTL, 1000));
            Image image = copied(upload);

            boolean isOne = get(Mono.zip(
                    db.uploads.complete(image).thenReturn(true).onErrorReturn(failure -> isConflict(failure), false),
                    db.uploads.announce(List.of(upload(name)), TTL, 1000),
                    (completed, started) -> completed != (started instanceof Uploads.Announcement.Announced)));

            assertThat(isOne)
                    .as("either the image is there, or another is awaited")
                    .isTrue();
        }
    }

    private static boolean isConflict(Throwable failure) {
        return failure instanceof DatabaseException known && known.kind() == DatabaseException.Kind.CONFLICT;
    }

    @Test
    void uploadsBeyondTheQuotaAnnounceNothing() {
        Upload large = new Upload(
                UUID.randomUUID(),
                "user:alice",
                LISTING,
                "large",
                "t/0/large.png",
                "image/png",
                TestDatabase.QUOTA,
                null,
                true,
                null);
        announce(upload("front"));

        assertThatThrownBy(() -> announce(large))
                .isInstanceOfSatisfying(QuotaExceededException.OfStorage.class, full -> {
                    assertThat(full.used()).isEqualTo(1234);
                    assertThat(full.requested()).isEqualTo(TestDatabase.QUOTA);
                    assertThat(full.quota()).isEqualTo(TestDatabase.QUOTA);
                });

        assertThat(isEmpty(find("large"))).isTrue();
        assertThat(db.counted("user:alice")).isEqualTo(1234);
    }

    @Test
    void expiredUploadsAreNotCountedAndForgottenWithTheirObjects() {
        Upload front = upload("front");
        get(db.uploads.announce(List.of(front), TTL, 1));
        db.clock.advance(HOUR);
        assertThat(get(db.uploads.announce(List.of(upload("back")), TTL, 1)))
                .isEqualTo(new Uploads.Announcement.Announced());

        assertThat(get(db.uploads.forgetEnded())).isZero();
        get(db.intents.takeExpired(10));
        done(db.intents.forget(front.objectKey()));

        assertThat(get(db.uploads.forgetEnded())).isEqualTo(1);
        assertThat(isEmpty(find("front"))).isTrue();
        assertThat(get(find("back")).name()).isEqualTo("back");
    }

    @Test
    void uploadOfADeletedImageIsForgotten() {
        Upload front = upload("front");
        announce(front);
        done(db.uploads.complete(stored(front)));
        get(db.deletion.begin(front.imageId(), new Everywhere()));
        done(db.deletion.finish(front.imageId()));

        get(db.uploads.forgetEnded());

        assertThat(isEmpty(find("front"))).isTrue();
    }

    @Test
    void uploadOfWhichNothingCameIsForgottenByItsImage() {
        Upload front = upload("front");
        announce(front, upload("back"));

        assertThat(get(db.uploads.forget(front.imageId()))).isTrue();

        assertThat(isEmpty(find("front"))).isTrue();
        assertThat(get(find("back")).name()).isEqualTo("back");
        assertThat(get(db.references.isNamed(front.objectKey()))).isTrue();
    }

    @Test
    void sameNamesAnnouncedAtOnceAreAnnouncedOnce() {
        for (int i = 0; i < 10; i++) {
            String name = "image" + i;
            get(Mono.zip(
                    db.uploads
                            .announce(List.of(upload(name)), TTL, 1000)
                            .onErrorReturn(new Uploads.Announcement.Complete("")),
                    db.uploads
                            .announce(List.of(upload(name)), TTL, 1000)
                            .onErrorReturn(new Uploads.Announcement.Complete(""))));

            assertThat(get(find(name)).name()).isEqualTo(name);
        }
        assertThat(db.rows("uploads")).isEqualTo(10);
    }
}
