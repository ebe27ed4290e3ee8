package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.ImageScope.Everywhere;
import dev.sluice.gateway.outbound.database.image.ObjectReferences.Reference.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

abstract class ObjectsContract extends RepositoryContract {
    private static final Duration TTL = Duration.ofMinutes(2);

    @Test
    void keysComeInTheOrderOfTheirBytesOverSeveralPages() {
        List<String> keys = List.of("B/1", "Z", "a-1", "a/1", "aB", "a_1", "ab", "a~");
        keys.reversed().forEach(key -> db.added(stored(key)));

        StepVerifier.create(db.references.inKeyOrder().map(ObjectReferences.Reference::key), 1)
                .expectNext("B/1")
                .thenRequest(2)
                .expectNext("Z", "a-1")
                .thenRequest(Long.MAX_VALUE)
                .expectNextSequence(keys.subList(3, keys.size()))
                .expectComplete()
                .verify(TestDatabase.TIMEOUT);
    }

    @Test
    void referenceSaysWhetherItsRowIsBeingDeleted() {
        Image image = db.added(stored("a"));
        get(db.deletion.begin(image.id(), new Everywhere()));

        assertThat(get(db.references.inKeyOrder().collectList()))
                .containsExactly(new ObjectReferences.Reference(
                        "a", image.id(), 1234, Objects.requireNonNull(image.completedAt()), true, Kind.IMAGE));
    }

    @Test
    void objectIsNamedFromBeforeItIsStoredUntilItIsGone() {
        Image image = stored("a");
        assertThat(get(db.references.isNamed("a"))).isFalse();

        done(db.announce("a", image.id(), TTL));
        assertThat(get(db.references.isNamed("a"))).isTrue();
        done(db.images.add(image));
        assertThat(get(db.references.isNamed("a"))).isTrue();
        get(db.deletion.begin(image.id(), new Everywhere()));
        assertThat(get(db.references.isNamed("a"))).isTrue();
        done(db.deletion.finish(image.id()));
        assertThat(get(db.references.isNamed("a"))).isFalse();
    }

    @Test
    void keyIsAnnouncedOnce() {
        done(db.announce("a", UUID.randomUUID(), TTL));

        assertThatThrownBy(() -> done(db.announce("a", UUID.randomUUID(), TTL)))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));
    }

    @Test
    void whatAWriterLeftBehindIsTakenWhenItExpires() {
        UUID image = UUID.randomUUID();
        done(db.announce("old", image, TTL));
        db.clock.advance(TTL);
        done(db.announce("new", image, TTL));

        assertThat(get(db.intents.takeExpired(10))).containsExactly(new ObjectIntents.Intent("old", image));
        assertThat(get(db.intents.takeExpired(10))).containsExactly(new ObjectIntents.Intent("old", image));
        done(db.intents.forget("old"));
        done(db.intents.forget("new"));

        assertThat(get(db.intents.takeExpired(10))).isEmpty();
        assertThat(get(db.references.isNamed("new"))).isTrue();
        assertThatThrownBy(() -> done(db.images.add(stored("old"))))
                .satisfies(failure(DatabaseException.Kind.CONFLICT));
    }

    @Test
    void abandonedObjectIsLeftToWhoeverCleansUp() {
        UUID image = UUID.randomUUID();
        done(db.announce("a", image, TTL));

        assertThat(get(db.intents.abandon("a"))).isTrue();

        assertThat(get(db.intents.takeExpired(10))).containsExactly(new ObjectIntents.Intent("a", image));
        done(db.intents.forget("a"));
        assertThat(get(db.intents.abandon("a"))).isFalse();
    }

    @Test
    void objectOfARowIsNotAbandoned() {
        db.added(stored("a"));

        assertThat(get(db.intents.abandon("a"))).isFalse();
    }

    @Test
    void eitherTheRowOrTheRemovalWinsAnObject() {
        for (int i = 0; i < 20; i++) {
            Image image = stored("key" + i);
            done(db.announce("key" + i, image.id(), TTL));

            var both = get(Mono.zip(
                    db.images.add(image).thenReturn(true).onErrorReturn(DatabaseException.class, false),
                    db.intents.abandon("key" + i)));

            assertThat(both.getT1()).isNotEqualTo(both.getT2());
        }
    }

    @Test
    void deletionThatStoppedHalfWayIsFound() {
        Image image = db.added(stored("a"));
        db.added(stored("b"));
        get(db.deletion.begin(image.id(), new Everywhere()));

        assertThat(get(db.references.stuckDeleting(Duration.ofMinutes(1), 10))).isEmpty();
        db.clock.advance(Duration.ofMinutes(1));
        assertThat(get(db.references.stuckDeleting(Duration.ofMinutes(1), 10))).containsExactly(image);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "ä", "a\n"})
    void keyThatIsNotPrintableAsciiIsRefused(String key) {
        assertThatThrownBy(() -> db.announce(key, UUID.randomUUID(), TTL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("object key");
    }

    private Image stored(String key) {
        return Image.stored(
                UUID.randomUUID(), "alice", null, Image.Source.IMPORTED, null, object(key), null, db.clock.instant());
    }
}
