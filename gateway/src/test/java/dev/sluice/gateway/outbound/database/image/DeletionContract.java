package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.isEmpty;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.keyOf;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.ownedBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import dev.sluice.gateway.outbound.database.image.ImageScope.InProjects;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

abstract class DeletionContract extends RepositoryContract {

    @Test
    void imageIsInvisibleAsSoonAsItsDeletionBegins() {
        Image image = db.added(db.stored("alice", "a"));

        assertThat(get(db.deletion.begin(image.id(), ownedBy("alice"))))
                .isEqualTo(new ImageDeletion.Start.Begun(image, 1));

        assertThat(isEmpty(db.images.find(image.id(), ownedBy("alice")))).isTrue();
        assertThat(isEmpty(db.images.describe(image.id(), ownedBy("alice"), altText("b"))))
                .isTrue();
        assertThat(get(db.images.findAll(List.of(image.id()), ownedBy("alice"))))
                .isEmpty();
        assertThat(get(db.images.list(ownedBy("alice"), ImageFilter.ANY, 1, 10)).total())
                .isZero();
        assertThat(get(db.images.markLost(image.id(), keyOf(image)))).isFalse();
        assertThat(db.rows("images")).isEqualTo(1);
    }

    @Test
    void deletionBeginsAgainUntilItIsFinished() {
        Image image = db.added(db.stored("alice", "a"));
        get(db.deletion.begin(image.id(), ownedBy("alice")));

        assertThat(get(db.deletion.begin(image.id(), ownedBy("alice"))))
                .isEqualTo(new ImageDeletion.Start.Begun(image, 2));
        done(db.deletion.finish(image.id()));
        done(db.deletion.finish(image.id()));

        assertThat(get(db.deletion.begin(image.id(), ownedBy("alice")))).isEqualTo(new ImageDeletion.Start.Absent());
        assertThat(db.rows("images")).isZero();
    }

    @Test
    void nobodyDeletesWhatIsOutOfScope() {
        Image image = db.added(db.stored("alice", "a"));

        assertThat(get(db.deletion.begin(image.id(), ownedBy("bob")))).isEqualTo(new ImageDeletion.Start.Absent());
        assertThat(get(db.deletion.begin(image.id(), new InProjects(Set.of("p1")))))
                .isEqualTo(new ImageDeletion.Start.Absent());
        assertThat(get(db.deletion.begin(image.id(), new InProjects(Set.of()))))
                .isEqualTo(new ImageDeletion.Start.Absent());
        done(db.deletion.finish(image.id()));

        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
    }

    @Test
    void imageInUseIsNotDeletedAndSaysByWhat() {
        Image image = db.added(db.stored("alice", "a"));
        for (String ref : List.of("1", "2", "3")) {
            assertThat(get(db.usages.put(image.id(), ownedBy("alice"), "article", ref, "featured")))
                    .isTrue();
        }
        get(db.usages.put(image.id(), ownedBy("alice"), "page", "1", "gallery"));

        assertThat(get(db.deletion.begin(image.id(), ownedBy("alice"))))
                .isEqualTo(new ImageDeletion.Start.InUse(List.of(
                        new ImageUsages.Count("featured", "article", 3), new ImageUsages.Count("gallery", "page", 1))));
        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
    }

    @Test
    void usageIsCountedOnceWhateverItsRoleBecomes() {
        Image image = db.added(db.stored("alice", "a"));
        get(db.usages.put(image.id(), ownedBy("alice"), "article", "1", "featured"));
        get(db.usages.put(image.id(), ownedBy("alice"), "article", "1", "inline"));

        assertThat(get(db.usages.count(image.id(), ownedBy("alice"))))
                .containsExactly(new ImageUsages.Count("inline", "article", 1));
        assertThat(get(db.usages.remove(image.id(), ownedBy("alice"), "article", "1")))
                .isTrue();
        assertThat(get(db.usages.remove(image.id(), ownedBy("alice"), "article", "1")))
                .isTrue();
        assertThat(get(db.usages.count(image.id(), ownedBy("alice")))).isEmpty();
        assertThat(get(db.deletion.begin(image.id(), ownedBy("alice")))).isInstanceOf(ImageDeletion.Start.Begun.class);
    }

    @Test
    void usageOfAnImageOutOfScopeIsNotTold() {
        Image image = db.added(db.stored("alice", "a"));
        get(db.usages.put(image.id(), ownedBy("alice"), "article", "1", "featured"));

        assertThat(get(db.usages.put(image.id(), ownedBy("bob"), "article", "2", "featured")))
                .isFalse();
        assertThat(get(db.usages.remove(image.id(), ownedBy("bob"), "article", "1")))
                .isFalse();
        assertThat(get(db.usages.count(image.id(), ownedBy("bob")))).isEmpty();
        assertThat(get(db.usages.count(image.id(), new Everywhere()))).hasSize(1);
        assertThat(get(db.usages.put(UUID.randomUUID(), new Everywhere(), "article", "1", "featured")))
                .isFalse();
    }

    @Test
    void sameUsageSaidByManyAtOnceIsOne() {
        Image image = db.added(db.stored("alice", "a"));
        Mono<Boolean> put = db.usages.put(image.id(), ownedBy("alice"), "article", "1", "featured");

        assertThat(get(Mono.zip(put, put, put, put)).toList()).containsOnly(true);

        assertThat(get(db.usages.count(image.id(), ownedBy("alice"))))
                .containsExactly(new ImageUsages.Count("featured", "article", 1));
    }

    @Test
    void imagesOfAnOwnerHaveNoMoreUsagesThanTheyMayHowManyEverAreSaidAtOnce() {
        List<Image> images = List.of(db.added(db.stored("alice", "a")), db.added(db.stored("alice", "b")));
        Image bobs = db.added(db.stored("bob", "c"));

        long noted = get(Flux.range(0, TestDatabase.USAGES + 10)
                .flatMap(ref -> db.usages
                        .put(images.get(ref % 2).id(), new Everywhere(), "article", "" + ref, "featured")
                        .onErrorReturn(QuotaExceededException.OfUsages.class, false))
                .filter(done -> done)
                .count());

        assertThat(noted).isEqualTo(TestDatabase.USAGES);
        assertThatThrownBy(() -> get(db.usages.put(images.getFirst().id(), ownedBy("alice"), "page", "1", "inline")))
                .isInstanceOfSatisfying(
                        QuotaExceededException.OfUsages.class,
                        full -> assertThat(full.quota()).isEqualTo(TestDatabase.USAGES));
        assertThat(get(db.usages.put(bobs.id(), ownedBy("bob"), "page", "1", "inline")))
                .isTrue();
    }

    @Test
    void usagesThatWereReleasedMakeRoomAndARoleChangesWithoutAny() {
        Image image = db.added(db.stored("alice", "a"));
        for (int ref = 0; ref < TestDatabase.USAGES; ref++) {
            get(db.usages.put(image.id(), ownedBy("alice"), "article", "" + ref, "featured"));
        }

        assertThat(get(db.usages.put(image.id(), ownedBy("alice"), "article", "0", "inline")))
                .isTrue();
        get(db.usages.remove(image.id(), ownedBy("alice"), "article", "0"));
        assertThat(get(db.usages.put(image.id(), ownedBy("alice"), "article", "new", "inline")))
                .isTrue();
    }

    @Test
    void imageIsNeverBothUsedAndDeleted() {
        for (int i = 0; i < 20; i++) {
            Image image = db.added(db.stored("alice", "a"));

            var both = get(Mono.zip(
                    db.usages.put(image.id(), ownedBy("alice"), "article", "1", "featured"),
                    db.deletion.begin(image.id(), ownedBy("alice"))));

            assertThat(both.getT1()).isEqualTo(both.getT2() instanceof ImageDeletion.Start.InUse);
        }
    }

    @Test
    void imageThatTheStoreWouldNotLetGoIsVisibleAgain() {
        Image image = db.added(db.stored("alice", "a"));
        ImageDeletion.Start.Begun begun = begun(image);

        assertThat(get(db.deletion.restore(begun))).isTrue();
        assertThat(get(db.deletion.restore(begun))).isFalse();

        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
        assertThat(begun(image)).isEqualTo(new ImageDeletion.Start.Begun(image, 1));
    }

    @Test
    void imageThatTwoDeleteIsNotRestoredByEither() {
        Image image = db.added(db.stored("alice", "a"));
        ImageDeletion.Start.Begun first = begun(image);
        ImageDeletion.Start.Begun second = begun(image);

        assertThat(get(db.deletion.restore(first))).isFalse();
        assertThat(get(db.deletion.restore(second))).isFalse();

        assertThat(isEmpty(db.images.find(image.id(), ownedBy("alice")))).isTrue();
        done(db.deletion.finish(image.id()));
        assertThat(db.rows("images")).isZero();
    }

    private ImageDeletion.Start.Begun begun(Image image) {
        return (ImageDeletion.Start.Begun) get(db.deletion.begin(image.id(), ownedBy("alice")));
    }

    @Test
    void restoredImageThatHasLostItsJobHasFailed() {
        Image image = db.generating("alice", "a cat");
        done(db.jobs.create(image, db.clock.instant(), 1000));
        get(db.deletion.restore(begun(image)));

        Image restored = get(db.images.find(image.id(), ownedBy("alice")));
        assertThat(restored.status()).isEqualTo(Image.Status.FAILED);
        assertThat(restored.failure()).extracting(Image.Failure::code).isEqualTo("cancelled");
    }

    @ParameterizedTest
    @CsvSource({"'', 1, r", "k, '', r", "k, 1, ''"})
    void usageThatNamesNothingIsRefused(String kind, String ref, String role) {
        assertThatThrownBy(() -> db.usages.put(UUID.randomUUID(), ownedBy("alice"), kind, ref, role))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected: a text");
    }
}
