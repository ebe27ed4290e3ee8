package dev.sluice.gateway.outbound.database;

import static dev.sluice.gateway.outbound.database.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.TestDatabase.isEmpty;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.ImageScope.Everywhere;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

abstract class UploadsContract extends RepositoryContract {
    private static final Duration HOUR = Duration.ofHours(1);
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
                true,
                7);
    }

    private UploadStart announce(Upload... uploads) {
        return get(db.uploads.announce(List.of(uploads), HOUR, MOST));
    }

    private Image stored(Upload upload) {
        return Image.stored(
                upload.imageId(),
                upload.owner(),
                null,
                ImageSource.UPLOADED,
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

        assertThat(announce(front)).isEqualTo(new UploadStart.Announced());

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

        assertThat(announce(second)).isEqualTo(new UploadStart.Announced());

        assertThat(get(find("front"))).isEqualTo(second);
        db.clock.advance(HOUR);
        assertThat(get(db.intents.takeExpired(10)))
                .extracting(ObjectIntent::key)
                .containsExactlyInAnyOrder(first.objectKey(), second.objectKey());
    }

    @Test
    void nameOfACompleteImageIsNotAnnouncedAgainUntilThatIsDeleted() {
        Upload front = upload("front");
        announce(front);
        done(db.images.add(stored(front)));

        assertThat(announce(upload("back"), upload("front"))).isEqualTo(new UploadStart.Complete("front"));
        assertThat(isEmpty(find("back"))).isTrue();
        get(db.deletion.begin(front.imageId(), new Everywhere()));

        assertThat(announce(upload("front"))).isEqualTo(new UploadStart.Announced());
    }

    @Test
    void completeUploadKeepsItsNameAndIsNoLongerUnderWay() {
        Upload front = upload("front");
        get(db.uploads.announce(List.of(front), HOUR, 1));
        assertThat(get(db.uploads.announce(List.of(upload("back")), HOUR, 1))).isEqualTo(new UploadStart.TooMany(1));
        done(db.images.add(stored(front)));

        assertThat(get(db.uploads.forgetEnded())).isZero();
        assertThat(get(find("front"))).isEqualTo(front);
        assertThat(get(db.uploads.announce(List.of(upload("back")), HOUR, 1))).isEqualTo(new UploadStart.Announced());
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
        assertThat(get(db.uploads.announce(List.of(upload("back")), HOUR, 1))).isEqualTo(new UploadStart.Announced());
        get(db.deletion.begin(front.imageId(), new Everywhere()));
        done(db.deletion.finish(front.imageId()));
        assertThat(isEmpty(find("front"))).isTrue();
        assertThatThrownBy(() -> done(db.uploads.complete(copied(front)))).satisfies(failure(DatabaseFailure.CONFLICT));
        assertThat(get(db.uploads.forgetEnded())).isZero();
        db.clock.advance(HOUR);
        for (ObjectIntent intent : get(db.intents.takeExpired(10))) {
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

        assertThatThrownBy(() -> done(db.uploads.complete(image))).satisfies(failure(DatabaseFailure.CONFLICT));

        assertThat(isEmpty(db.images.find(front.imageId(), new Everywhere()))).isTrue();
        assertThat(get(db.uploads.isAwaited(front.objectKey()))).isFalse();
    }

    @Test
    void completionsAtOnceMakeOneImage() {
        for (int i = 0; i < 10; i++) {
            Upload upload = upload("image" + i);
            get(db.uploads.announce(List.of(upload), HOUR, 1000));
            List<Mono<Boolean>> both = Stream.of(copied(upload), copied(upload))
                    .map(image -> db.uploads.complete(image).thenReturn(true).onErrorReturn(false))
                    .toList();

            assertThat(get(Flux.merge(both).collectList())).containsExactlyInAnyOrder(true, false);
        }
    }

    /** The image that becomes of an upload: its object is announced, under a key of its own. */
    private Image copied(Upload upload) {
        String key = "t/0/" + UUID.randomUUID() + ".png";
        done(db.intents.announce(key, upload.imageId(), HOUR));
        return Image.stored(
                upload.imageId(),
                upload.owner(),
                null,
                ImageSource.UPLOADED,
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

        assertThat(announce(rest)).isEqualTo(new UploadStart.TooMany(1));

        assertThat(db.rows("uploads")).isEqualTo(1);
        assertThat(db.rows("object_intents")).isEqualTo(1);
        // Announced again it is the same one.
        rest[0] = upload("0");
        assertThat(announce(rest)).isEqualTo(new UploadStart.Announced());
    }

    @Test
    void expiredUploadsAreNotCountedAndForgottenWithTheirObjects() {
        Upload front = upload("front");
        get(db.uploads.announce(List.of(front), HOUR, 1));
        db.clock.advance(HOUR);
        assertThat(get(db.uploads.announce(List.of(upload("back")), HOUR, 1))).isEqualTo(new UploadStart.Announced());

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
                    db.uploads.announce(List.of(upload(name)), HOUR, 1000).onErrorReturn(new UploadStart.Complete("")),
                    db.uploads
                            .announce(List.of(upload(name)), HOUR, 1000)
                            .onErrorReturn(new UploadStart.Complete(""))));

            assertThat(get(find(name)).name()).isEqualTo(name);
        }
        assertThat(db.rows("uploads")).isEqualTo(10);
    }
}
