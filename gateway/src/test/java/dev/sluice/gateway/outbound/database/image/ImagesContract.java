package dev.sluice.gateway.outbound.database.image;

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
import dev.sluice.gateway.outbound.database.image.ImageScope.InProjects;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

abstract class ImagesContract extends RepositoryContract {

    @Test
    void imageComesBackAsItWasAdded() {
        Instant now = Instant.parse("2026-11-21T23:59:59.999999999Z");
        Image image = Image.stored(
                UUID.randomUUID(),
                "owner \u00e4\ud83d\ude00",
                "p1",
                Image.Source.UPLOADED,
                "alt 'text'; --",
                object(),
                new Image.Listing("listing", "host"),
                now);
        db.added(image);
        Image external =
                db.added(Image.external(UUID.randomUUID(), "bob", null, null, "https://cdn.example/a.png", now));

        assertThat(get(db.images.find(image.id(), ownedBy(image.owner())))).isEqualTo(image);
        assertThat(get(db.images.find(external.id(), ownedBy("bob")))).isEqualTo(external);
        assertThat(image.createdAt()).isEqualTo(Instant.parse("2026-11-21T23:59:59.999999Z"));
        assertThat(db.rows("object_intents")).isZero();
    }

    @Test
    void imageOfAnotherOwnerIsNotThere() {
        Image image = db.added(db.stored("alice", "alice's"));

        assertThat(isEmpty(db.images.find(image.id(), ownedBy("bob")))).isTrue();
        assertThat(isEmpty(db.images.describe(image.id(), ownedBy("bob"), altText("bob's"))))
                .isTrue();
        assertThat(get(db.images.findAll(List.of(image.id()), ownedBy("bob")))).isEmpty();
        assertThat(get(db.images.list(ownedBy("bob"), ImageFilter.ANY, 1, 10)))
                .isEqualTo(new Images.Page(List.of(), 0, null));
        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
    }

    @Test
    void adminSeesTheImagesOfItsProjectsAndNoOthers() {
        Image first = db.added(inProject("p1"));
        Image second = db.added(inProject("p2"));
        Image none = db.added(db.stored("alice", "no project"));

        ImageScope one = new InProjects(Set.of("p1", "p3"));
        assertThat(get(db.images.find(first.id(), one))).isEqualTo(first);
        assertThat(isEmpty(db.images.find(second.id(), one))).isTrue();
        assertThat(isEmpty(db.images.find(none.id(), one))).isTrue();
        assertThat(get(db.images.list(one, ImageFilter.ANY, 1, 10)).total()).isEqualTo(1);
        assertThat(get(db.images.list(new InProjects(Set.of()), ImageFilter.ANY, 1, 10))
                        .total())
                .isZero();
        assertThat(get(db.images.list(new Everywhere(), ImageFilter.ANY, 1, 10)).total())
                .isEqualTo(3);
    }

    @Test
    void pagesHoldEveryImageOnceNewestFirst() {
        List<Image> added = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            if (i % 4 == 0) {
                db.clock.advance(Duration.ofNanos(1000));
            }
            added.add(db.added(db.stored("alice", "image " + i)));
        }

        List<Image> listed = new ArrayList<>();
        for (int page = 1; page <= 4; page++) {
            Images.Page found = get(db.images.list(ownedBy("alice"), ImageFilter.ANY, page, 5));
            assertThat(found.total()).isEqualTo(12);
            listed.addAll(found.images());
        }

        assertThat(listed).containsExactlyInAnyOrderElementsOf(added);
        assertThat(listed.stream().map(Image::createdAt).toList()).isSortedAccordingTo(Collections.reverseOrder());
        assertThat(get(db.images.list(ownedBy("alice"), ImageFilter.ANY, Integer.MAX_VALUE, 100)))
                .isEqualTo(new Images.Page(List.of(), 12, null));
    }

    @Test
    void whatFollowsACursorIsTheSameWhateverComesAndGoesBeforeIt() {
        for (int i = 0; i < 12; i++) {
            if (i % 4 == 0) {
                db.clock.advance(Duration.ofNanos(1000));
            }
            db.added(db.stored("alice", "image " + i));
        }
        List<Image> all = listed(ImageFilter.ANY);

        Images.Page page = get(db.images.list(ownedBy("alice"), ImageFilter.ANY, 1, 3));
        List<Image> followed = new ArrayList<>(page.images());
        for (ImageCursor next = page.next(); next != null; next = page.next()) {
            get(db.deletion.begin(page.images().getFirst().id(), ownedBy("alice")));
            get(db.deletion.begin(page.images().getLast().id(), ownedBy("alice")));
            db.clock.advance(Duration.ofNanos(1000));
            db.added(db.stored("alice", "new"));
            page = get(db.images.list(ownedBy("alice"), ImageFilter.ANY, next, 3));
            followed.addAll(page.images());
        }

        assertThat(followed).isEqualTo(all);
        assertThat(page.images()).as("the last page").hasSize(3);
        assertThat(page.total()).isEqualTo(12 - 6 + 3);
    }

    @Test
    void cursorShowsNothingThatIsOutOfScopeOrFilter() {
        db.added(db.stored("bob", "bob's"));
        db.added(inProject("p1"));
        db.added(inProject("p2"));
        db.clock.advance(Duration.ofNanos(1000));
        Image newest = db.added(inProject("p1"));
        ImageCursor after = ImageCursor.after(newest);

        assertThat(get(db.images.list(ownedBy("alice"), ImageFilter.ANY, after, 10))
                        .images())
                .hasSize(2)
                .allMatch(image -> image.owner().equals("alice"));
        assertThat(get(db.images.list(ownedBy("alice"), new ImageFilter(null, "p2", null), after, 10))
                        .images())
                .singleElement()
                .matches(image -> "p2".equals(image.projectId()));
        assertThat(get(db.images.list(new InProjects(Set.of()), ImageFilter.ANY, after, 10)))
                .isEqualTo(new Images.Page(List.of(), 0, null));
    }

    @Test
    void listingIsNarrowedByStatusProjectAndText() {
        Image generating = db.generating("alice", "A cat on a mat");
        done(db.jobs.create(generating, db.clock.instant(), 1000));
        Image stored = db.added(inProject("p1"));

        assertThat(listed(new ImageFilter(Image.Status.GENERATING, null, null))).containsExactly(generating);
        assertThat(listed(new ImageFilter(Image.Status.COMPLETED, null, null))).containsExactly(stored);
        assertThat(listed(new ImageFilter(null, "p1", null))).containsExactly(stored);
        assertThat(listed(new ImageFilter(null, null, "CAT"))).containsExactly(generating);
        assertThat(listed(new ImageFilter(null, null, "in project"))).containsExactly(stored);
        assertThat(listed(new ImageFilter(Image.Status.FAILED, "p1", "cat"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "Blühende Gärten, GÄRTEN, true",
        "100% wool, 0% w, true",
        "100 wool, 0% w, false",
        "snake_case, E_C, true",
        "snakeXcase, e_c, false",
        "what!ever, T!E, true",
        "back\\slash, K\\S, true",
        "backslash, K\\S, false",
        "it''s; DROP TABLE images, s; drop, true"
    })
    void textIsSearchedForAsItStands(String altText, String text, boolean found) {
        Image image = db.added(db.stored("alice", altText));

        assertThat(listed(new ImageFilter(null, null, text)).contains(image)).isEqualTo(found);
    }

    @Test
    void textIsFoundHoweverItsAccentsAreWritten() {
        Image image = db.added(db.stored("alice", "Cafe\u0301"));

        assertThat(listed(new ImageFilter(null, null, "CAF\u00c9"))).containsExactly(image);
    }

    @Test
    void imagesComeInTheOrderOfTheirIds() {
        List<Image> images = List.of(db.added(db.stored("alice", "a")), db.added(db.stored("alice", "b")));
        Image others = db.added(db.stored("bob", "c"));
        UUID first = images.get(0).id();
        UUID second = images.get(1).id();

        assertThat(get(db.images.findAll(
                        List.of(second, others.id(), UUID.randomUUID(), first, second), ownedBy("alice"))))
                .containsExactly(images.get(1), images.get(0), images.get(1));
        assertThat(get(db.images.findAll(List.of(), ownedBy("alice")))).isEmpty();
    }

    @Test
    void fiveHundredImagesAreFoundAtOnceAndNoMore() {
        List<UUID> ids = new ArrayList<>(Collections.nCopies(499, null));
        ids.replaceAll(_ -> UUID.randomUUID());
        Image image = db.added(db.stored("alice", "a"));
        ids.add(image.id());

        assertThat(get(db.images.findAll(ids, ownedBy("alice")))).containsExactly(image);
        ids.add(UUID.randomUUID());
        assertThatThrownBy(() -> db.images.findAll(ids, ownedBy("alice"))).hasMessageContaining("at most 500");
    }

    @Test
    void alternativeTextIsChangedAndFound() {
        Image image = db.added(db.stored("alice", "old"));
        db.clock.advance(Duration.ofSeconds(1));
        String longest = "\ud83d\ude00".repeat(500);

        Image changed = get(db.images.describe(image.id(), ownedBy("alice"), altText(longest)));

        assertThat(changed.altText()).isEqualTo(longest);
        assertThat(changed.updatedAt()).isEqualTo(db.clock.instant());
        assertThat(listed(new ImageFilter(null, null, "old"))).isEmpty();
        assertThat(listed(new ImageFilter(null, null, "\ud83d\ude00"))).containsExactly(changed);
        assertThat(get(db.images.describe(image.id(), ownedBy("alice"), altText(null)))
                        .altText())
                .isNull();
    }

    @Test
    void nameIsChangedFoundAndLeavesTheRestAsItIs() {
        Image image = db.added(db.stored("alice", "a boat").named("IMG_0001"));
        assertThat(listed(new ImageFilter(null, null, "img_0001"))).containsExactly(image);

        Image renamed = get(db.images.describe(
                image.id(), ownedBy("alice"), new ImageDescription(new ImageDescription.Value("Boat"), null)));

        assertThat(renamed.name()).isEqualTo("Boat");
        assertThat(renamed.altText()).isEqualTo("a boat");
        assertThat(listed(new ImageFilter(null, null, "img_0001"))).isEmpty();
        assertThat(get(db.images.describe(image.id(), ownedBy("alice"), altText("a ship")))
                        .name())
                .isEqualTo("Boat");
    }

    @Test
    void takenIdAndTakenKeyAreConflictsAndChangeNothing() {
        Image image = db.added(db.stored("alice", "first"));
        Image sameId = Image.external(image.id(), "bob", null, null, "https://cdn.example/", db.clock.instant());

        assertThatThrownBy(() -> done(db.images.add(sameId))).satisfies(failure(DatabaseException.Kind.CONFLICT));
        assertThatThrownBy(() -> db.added(withKey(keyOf(image)))).satisfies(failure(DatabaseException.Kind.CONFLICT));
        assertThat(get(db.images.list(new Everywhere(), ImageFilter.ANY, 1, 10)).images())
                .containsExactly(image);
    }

    @Test
    void imageWithoutAnIntentForItsObjectIsNotAdded() {
        Image image = db.stored("alice", "unannounced");

        assertThatThrownBy(() -> done(db.images.add(image))).satisfies(failure(DatabaseException.Kind.CONFLICT));
        assertThat(db.rows("images")).isZero();
    }

    @Test
    void imageWhoseObjectIsLostHasFailed() {
        Image image = db.added(db.stored("alice", "lost"));

        assertThat(get(db.images.markLost(image.id(), "another/key"))).isFalse();
        assertThat(get(db.images.markLost(image.id(), keyOf(image)))).isTrue();

        Image failed = get(db.images.find(image.id(), ownedBy("alice")));
        assertThat(failed.status()).isEqualTo(Image.Status.FAILED);
        assertThat(failed.failure()).isEqualTo(new Image.Failure("object_lost", "The stored file is gone"));
        assertThat(failed.object()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"0, 10", "-1, 10", "1, 0", "1, 101"})
    void pageOutOfBoundsIsNamed(int page, int size) {
        assertThatThrownBy(() -> db.images.list(ownedBy("alice"), ImageFilter.ANY, page, size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("page " + page + " of size " + size);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 101})
    void sizeOfWhatFollowsACursorIsBounded(int size) {
        ImageCursor after = new ImageCursor(Instant.EPOCH, new UUID(0, 0));

        assertThatThrownBy(() -> db.images.list(ownedBy("alice"), ImageFilter.ANY, after, size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("size: " + size);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\0b", "LONG"})
    void textThatADatabaseCannotHoldIsRefusedBeforeItIsAsked(String given) {
        String text = given.equals("LONG") ? "x".repeat(501) : given;

        assertThatThrownBy(() -> db.images.describe(UUID.randomUUID(), ownedBy("alice"), altText(text)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ImageFilter(null, null, text)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> db.stored("alice", text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ownerThatADatabaseCannotHoldIsRefused() {
        assertThatThrownBy(() -> get(db.images.list(ownedBy("a\0b"), ImageFilter.ANY, 1, 1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private List<Image> listed(ImageFilter filter) {
        return get(db.images.list(ownedBy("alice"), filter, 1, 100)).images();
    }

    private Image inProject(String project) {
        return Image.stored(
                UUID.randomUUID(),
                "alice",
                project,
                Image.Source.UPLOADED,
                "In project " + project,
                object(),
                null,
                db.clock.instant());
    }

    private Image withKey(String key) {
        return Image.stored(
                UUID.randomUUID(), "bob", null, Image.Source.IMPORTED, null, object(key), null, db.clock.instant());
    }

    static Consumer<Throwable> failure(DatabaseException.Kind expected) {
        return error -> assertThat(error)
                .isInstanceOfSatisfying(
                        DatabaseException.class,
                        found -> assertThat(found.kind()).isEqualTo(expected));
    }
}
