package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.isEmpty;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.keyOf;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.object;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.ownedBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import dev.sluice.gateway.outbound.database.image.ImageThumbnails.Progress;
import dev.sluice.gateway.outbound.database.image.ObjectReferences.Reference.Kind;
import dev.sluice.gateway.outbound.database.image.Thumbnails.Attempt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

abstract class ThumbnailsContract extends RepositoryContract {
    private static final Duration LEASE = Duration.ofMinutes(10);
    private static final Duration TTL = Duration.ofMinutes(2);
    private static final Set<String> PNG = Set.of("image/png", "image/jpeg");

    private Image added() {
        return db.added(db.stored("alice", "a"));
    }

    private Image found(Image image) {
        return get(db.images.find(image.id(), new Everywhere()));
    }

    private static Thumbnails.Job stored(Image image) {
        return Thumbnails.Job.ofStored(image.id(), image.owner(), Objects.requireNonNull(image.object()));
    }

    private static ImageThumbnails.Stored thumbnail(String key, int width) {
        return new ImageThumbnails.Stored(key, "image/webp", 100L + width, "\"e-" + width + "\"", width, width / 2);
    }

    /** Announced, as they have to be. */
    private List<ImageThumbnails.Stored> announced(Image image, String mark, int... widths) {
        List<ImageThumbnails.Stored> thumbnails = new ArrayList<>();
        for (int width : widths) {
            thumbnails.add(thumbnail(keyOf(image) + "." + width + mark, width));
        }
        done(db.intents.announce(
                image.owner(),
                thumbnails.stream()
                        .map(each -> new ObjectIntents.Announced(each.key(), each.size()))
                        .toList(),
                image.id(),
                TTL,
                ObjectIntents.QuotaMode.COUNTED));
        return thumbnails;
    }

    private boolean completed(Thumbnails.Job job, List<ImageThumbnails.Stored> thumbnails) {
        return get(db.thumbnails.complete(job, 480, 640, "LEHV6nWB2yk8", thumbnails));
    }

    private Thumbnails.Job claimed() {
        return get(db.thumbnails.claim(PNG, LEASE));
    }

    private boolean nothingIsDue() {
        return isEmpty(db.thumbnails.claim(PNG, LEASE));
    }

    private void theFirstLeaseEnds() {
        db.clock.advance(ImageThumbnails.FIRST_LEASE);
    }

    @Test
    void thumbnailsComeWithTheirImageNarrowestFirst() {
        Image image = added();
        assertThat(found(image).thumbnails()).isEqualTo(ImageThumbnails.WAITING);
        List<ImageThumbnails.Stored> thumbnails = announced(image, "a", 1280, 160, 320);

        assertThat(completed(stored(image), thumbnails)).isTrue();

        ImageThumbnails expected = new ImageThumbnails(
                Progress.DONE, "LEHV6nWB2yk8", List.of(thumbnails.get(1), thumbnails.get(2), thumbnails.get(0)));
        assertThat(found(image).thumbnails()).isEqualTo(expected);
        assertThat(get(db.images.list(ownedBy("alice"), ImageFilter.ANY, 1, 10)).images())
                .extracting(Image::thumbnails)
                .containsExactly(expected);
        assertThat(get(db.images.findAll(List.of(image.id()), ownedBy("alice"))))
                .extracting(Image::thumbnails)
                .containsExactly(expected);
        assertThat(get(db.images.describe(image.id(), ownedBy("alice"), altText("b")))
                        .thumbnails())
                .isEqualTo(expected);
        assertThat(db.rows("object_intents")).isZero();
    }

    @Test
    void imageIsMeasuredAsItIsSeen() {
        Image image = added();

        assertThat(completed(stored(image), List.of())).isTrue();

        ImageObject seen = Objects.requireNonNull(found(image).object());
        assertThat(seen.width()).isEqualTo(480);
        assertThat(seen.height()).isEqualTo(640);
        assertThat(found(image).updatedAt()).isEqualTo(image.updatedAt());
    }

    @Test
    void pageOfManyImagesHasTheThumbnailsOfEach() {
        for (int i = 0; i < 30; i++) {
            Image image = added();
            completed(stored(image), announced(image, "a", 160, 320, 640));
        }

        assertThat(get(db.images.list(ownedBy("alice"), ImageFilter.ANY, 1, 30)).images())
                .hasSize(30)
                .allSatisfy(image -> assertThat(image.thumbnails().stored())
                        .hasSize(3)
                        .allMatch(each -> each.key().startsWith(keyOf(image))));
    }

    @Test
    void newImageIsLeftToWhoeverStoredItForAWhile() {
        Image image = added();
        assertThat(nothingIsDue()).isTrue();

        theFirstLeaseEnds();

        assertThat(claimed()).isEqualTo(new Thumbnails.Job(image.id(), "alice", keyOf(image), "image/png", 1));
        assertThat(completed(stored(image), announced(image, "late", 160))).isFalse();
        assertThat(nothingIsDue()).isTrue();
    }

    @Test
    void generatedImageIsDueOnceItIsStored() {
        Image image = db.generating("alice", "a cat");
        done(db.jobs.create(image, db.clock.instant(), 1000));
        theFirstLeaseEnds();
        assertThat(nothingIsDue()).isTrue();
        GenerationJobs.Job job = db.claimOne("worker");
        ImageObject object = object("generated");
        done(db.announce("generated", image.id(), TTL));
        get(db.jobs.complete(job, object));
        assertThat(nothingIsDue()).isTrue();

        theFirstLeaseEnds();

        assertThat(claimed().imageId()).isEqualTo(image.id());
    }

    @Test
    void newestDueIsClaimedFirstAndEachByOne() {
        Image old = added();
        db.clock.advance(Duration.ofHours(1));
        Image recent = added();
        theFirstLeaseEnds();

        assertThat(claimed().imageId()).isEqualTo(recent.id());
        assertThat(claimed().imageId()).isEqualTo(old.id());
        assertThat(nothingIsDue()).isTrue();
    }

    @Test
    void imageThatSeveralClaimAtOnceIsOnesAlone() {
        for (int i = 0; i < 10; i++) {
            added();
            theFirstLeaseEnds();
            Mono<Integer> claim = db.thumbnails
                    .claim(PNG, Duration.ofDays(1))
                    .map(Thumbnails.Job::attempt)
                    .defaultIfEmpty(0);

            assertThat(get(Mono.zip(claim, claim, claim, claim)).toList()).containsExactlyInAnyOrder(1, 0, 0, 0);
        }
    }

    @Test
    void imageOfAnotherTypeIsLeftToAGatewayThatDecodesIt() {
        added();
        theFirstLeaseEnds();

        assertThat(isEmpty(db.thumbnails.claim(Set.of("image/heic"), LEASE))).isTrue();
        assertThat(isEmpty(db.thumbnails.claim(Set.of(), LEASE))).isTrue();
        assertThat(get(db.thumbnails.waiting(Set.of("image/heic")))).isZero();
        assertThat(get(db.thumbnails.waiting(Set.of()))).isZero();
        assertThat(get(db.thumbnails.waiting(PNG))).isEqualTo(1);
    }

    @Test
    void claimWhoseLeaseEndedChangesNothing() {
        Image image = added();
        theFirstLeaseEnds();
        Thumbnails.Job first = claimed();
        db.clock.advance(LEASE);
        Thumbnails.Job second = claimed();

        assertThat(completed(first, announced(image, "first", 160))).isFalse();
        assertThat(get(db.thumbnails.retryAt(first, db.clock.instant(), Attempt.COUNTED)))
                .isFalse();
        assertThat(get(db.thumbnails.markUndecodable(first, "damaged"))).isFalse();
        assertThat(completed(second, announced(image, "second", 160))).isTrue();

        assertThat(found(image).thumbnails().stored())
                .extracting(ImageThumbnails.Stored::key)
                .containsExactly(keyOf(image) + ".160second");
        assertThat(db.rows("object_intents")).as("the first one's").isEqualTo(1);
    }

    @Test
    void triesAreCountedUnlessTheyAreForgotten() {
        added();
        theFirstLeaseEnds();
        Thumbnails.Job first = claimed();

        assertThat(get(db.thumbnails.retryAt(first, db.clock.instant().plusSeconds(60), Attempt.COUNTED)))
                .isTrue();
        assertThat(nothingIsDue()).isTrue();
        db.clock.advance(Duration.ofMinutes(1));
        Thumbnails.Job second = claimed();
        assertThat(second.attempt()).isEqualTo(2);
        assertThat(get(db.thumbnails.retryAt(second, db.clock.instant(), Attempt.UNCOUNTED)))
                .isTrue();
        assertThat(claimed().attempt()).isEqualTo(2);
    }

    @Test
    void whoeverStoredAnImageMayPutItsThumbnailsOff() {
        Image image = added();

        assertThat(get(db.thumbnails.retryAt(stored(image), db.clock.instant(), Attempt.UNCOUNTED)))
                .isTrue();

        assertThat(claimed().attempt()).isEqualTo(1);
    }

    @Test
    void imageThatCannotBeDecodedIsNotTriedAgain() {
        Image image = added();
        theFirstLeaseEnds();

        assertThat(get(db.thumbnails.markUndecodable(claimed(), "damaged"))).isTrue();

        db.clock.advance(Duration.ofDays(30));
        assertThat(nothingIsDue()).isTrue();
        assertThat(found(image).thumbnails().progress()).isEqualTo(Progress.IMPOSSIBLE);
        assertThat(get(db.thumbnails.waiting(PNG))).isZero();
    }

    @Test
    void thumbnailsThatAreMadeAnewReplaceTheFormer() {
        Image image = added();
        List<ImageThumbnails.Stored> former = announced(image, "former", 160, 320);
        completed(stored(image), former);
        get(db.thumbnails.markLost(image.id(), former.getFirst().key()));

        assertThat(found(image).thumbnails().stored()).containsExactly(former.getLast());
        assertThat(completed(claimed(), announced(image, "new", 160, 320))).isTrue();

        assertThat(found(image).thumbnails().stored())
                .extracting(ImageThumbnails.Stored::key)
                .containsExactly(keyOf(image) + ".160new", keyOf(image) + ".320new");
        assertThat(get(db.intents.takeExpired(10)))
                .containsExactly(new ObjectIntents.Intent(former.getLast().key(), image.id()));
    }

    @Test
    void thumbnailIsLostOnce() {
        Image image = added();
        List<ImageThumbnails.Stored> thumbnails = announced(image, "a", 160);
        completed(stored(image), thumbnails);
        String key = thumbnails.getFirst().key();

        assertThat(get(db.thumbnails.markLost(image.id(), key))).isTrue();
        assertThat(get(db.thumbnails.markLost(image.id(), key))).isFalse();
        assertThat(found(image).thumbnails().progress()).isEqualTo(Progress.WAITING);
    }

    @Test
    void thumbnailWhoseIntentIsGivenUpIsNotNamed() {
        Image image = added();
        List<ImageThumbnails.Stored> thumbnails = announced(image, "a", 160, 320);
        get(db.intents.abandon(thumbnails.getLast().key()));

        assertThatThrownBy(() -> completed(stored(image), thumbnails))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));

        assertThat(found(image).thumbnails()).isEqualTo(ImageThumbnails.WAITING);
        assertThat(db.rows("thumbnails")).isZero();
    }

    @Test
    void imageThatIsBeingDeletedGetsNoThumbnails() {
        Image image = added();
        List<ImageThumbnails.Stored> thumbnails = announced(image, "a", 160);
        get(db.deletion.begin(image.id(), new Everywhere()));

        assertThat(completed(stored(image), thumbnails)).isFalse();
        theFirstLeaseEnds();
        assertThat(nothingIsDue()).isTrue();
        done(db.deletion.finish(image.id()));
        assertThat(completed(stored(image), thumbnails)).isFalse();

        assertThat(get(db.intents.abandon(thumbnails.getFirst().key()))).isTrue();
    }

    @Test
    void thumbnailsAreStoredOrTheImageIsDeletedWithAllOfThem() {
        for (int i = 0; i < 20; i++) {
            Image image = added();
            List<ImageThumbnails.Stored> thumbnails = announced(image, "a", 160, 320);

            var both = get(Mono.zip(
                    db.thumbnails.complete(stored(image), 1, 1, null, thumbnails),
                    db.deletion.begin(image.id(), new Everywhere())));

            Image deleting = ((ImageDeletion.Start.Begun) both.getT2()).image();
            assertThat(deleting.thumbnails().stored()).isEqualTo(both.getT1() ? thumbnails : List.of());
        }
    }

    @Test
    void deletedImageTakesTheRowsOfItsThumbnailsWithIt() {
        Image image = added();
        completed(stored(image), announced(image, "a", 160, 320));
        get(db.deletion.begin(image.id(), new Everywhere()));

        done(db.deletion.finish(image.id()));

        assertThat(db.rows("thumbnails")).isZero();
    }

    @Test
    void imageThatHasLostItsObjectGivesItsThumbnailsUp() {
        Image image = added();
        List<ImageThumbnails.Stored> thumbnails = announced(image, "a", 160);
        completed(stored(image), thumbnails);

        assertThat(get(db.images.markLost(image.id(), keyOf(image)))).isTrue();

        assertThat(found(image).thumbnails()).isEqualTo(ImageThumbnails.NONE);
        assertThat(get(db.intents.takeExpired(10)))
                .containsExactly(new ObjectIntents.Intent(thumbnails.getFirst().key(), image.id()));
        theFirstLeaseEnds();
        assertThat(nothingIsDue()).isTrue();
    }

    @Test
    void keysOfImagesAndThumbnailsComeInOneOrder() {
        List<String> expected = new ArrayList<>();
        for (String key : List.of("b", "a", "C")) {
            Image image = db.added(Image.stored(
                    UUID.randomUUID(),
                    "alice",
                    null,
                    Image.Source.IMPORTED,
                    null,
                    object(key),
                    null,
                    db.clock.instant()));
            completed(stored(image), announced(image, "-", 160, 320, 640));
            expected.addAll(List.of(key, key + ".160-", key + ".320-", key + ".640-"));
        }
        expected.sort(null);

        List<ObjectReferences.Reference> named = get(db.references.inKeyOrder().collectList());

        assertThat(named).extracting(ObjectReferences.Reference::key).isEqualTo(expected);
        assertThat(named)
                .filteredOn(each -> each.kind() == Kind.IMAGE)
                .extracting(ObjectReferences.Reference::key)
                .containsExactly("C", "a", "b");
        assertThat(get(db.references.isNamed("a.320-"))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a,b", "ä"})
    void wordThatWouldNotComeBackAsItIsIsRefused(String word) {
        assertThatThrownBy(() -> new ImageThumbnails.Stored("k", word, 1, "\"e\"", 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ImageThumbnails.Stored(word, "image/webp", 1, "\"e\"", 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
