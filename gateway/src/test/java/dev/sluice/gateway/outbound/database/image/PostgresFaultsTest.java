package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.isEmpty;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.keyOf;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.ownedBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.OpenDatabase.Location;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Cable;
import dev.sluice.gateway.testing.Cable.Cut;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A server that is lost, late, full or not there; and callers that leave. */
class PostgresFaultsTest {
    private static final int CONNECTIONS = 4;
    private static final Path UNUSED = Path.of("unused");
    private static final EmbeddedPostgres SERVER = EmbeddedPostgres.shared();

    private Cable cable;
    private TestDatabase db;

    @BeforeEach
    void open() {
        cable = Cable.to(SERVER.address());
        String url = SERVER.newDatabase();
        db = TestDatabase.open(settings(url.replaceFirst(":\\d+/", ":" + cable.port() + "/")));
    }

    @AfterEach
    void close() {
        db.close();
        cable.close();
    }

    @Test
    void connectionLostBeforeTheCommitLeavesNothingAndItIsNotKnown() {
        Image image = announced();
        cable.cut(Cut.BEFORE, "COMMIT");

        assertThatThrownBy(() -> done(db.images.add(image))).satisfies(failure(DatabaseException.Kind.IN_DOUBT));

        assertThat(isEmpty(db.images.find(image.id(), ownedBy("alice")))).isTrue();
        assertThat(get(db.references.isNamed(keyOf(image)))).isTrue();
        assertThat(get(db.intents.abandon(keyOf(image)))).isTrue();
    }

    @Test
    void connectionLostAfterTheCommitHasDoneAllAndItIsNotKnown() {
        Image image = announced();
        cable.cut(Cut.AFTER, "COMMIT");

        assertThatThrownBy(() -> done(db.images.add(image))).satisfies(failure(DatabaseException.Kind.IN_DOUBT));

        Await.until(
                TestDatabase.TIMEOUT, "the row is there", () -> !isEmpty(db.images.find(image.id(), ownedBy("alice"))));
        assertThat(get(db.intents.abandon(keyOf(image)))).isFalse();
    }

    @Test
    void connectionLostEarlierChangesNothingAndThatIsKnown() {
        Image image = announced();
        cable.cut(Cut.BEFORE, "INSERT INTO images");

        assertThatThrownBy(() -> done(db.images.add(image))).satisfies(failure(DatabaseException.Kind.UNAVAILABLE));

        assertThat(get(db.intents.abandon(keyOf(image)))).isTrue();
        assertThat(db.rows("images")).isZero();
    }

    @Test
    void restartedServerIsFoundAgain() {
        Image image = announced();
        done(db.images.add(image));
        useAllConnections();

        SERVER.stop();
        assertThatThrownBy(() -> get(db.images.find(image.id(), ownedBy("alice"))))
                .satisfies(failure(DatabaseException.Kind.UNAVAILABLE));
        SERVER.start();

        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
        useAllConnections();
    }

    @Test
    void silentServerIsGivenUpAndItsConnectionsWithIt() {
        useAllConnections();
        cable.stall();

        List<DatabaseException.Kind> failures = get(Flux.range(0, CONNECTIONS)
                .flatMap(
                        _ -> db.images.find(UUID.randomUUID(), ownedBy("alice")).materialize())
                .mapNotNull(signal -> signal.getThrowable() instanceof DatabaseException e ? e.kind() : null)
                .collectList());
        assertThat(failures).hasSize(CONNECTIONS).containsOnly(DatabaseException.Kind.UNAVAILABLE);
        Await.until(TestDatabase.TIMEOUT, "no connection is held", () -> acquired() == 0);

        cable.resume();
        useAllConnections();
    }

    @Test
    void serverThatFallsSilentDuringAStatementIsGivenUp() {
        CountDownLatch begun = new CountDownLatch(1);
        Mono<Boolean> change = db.database.transaction(client -> client.sql("SELECT 1")
                .then()
                .doOnSuccess(_ -> {
                    cable.stall();
                    begun.countDown();
                })
                .then(client.sql("SELECT 2").then())
                .thenReturn(true));

        assertThatThrownBy(() -> get(change)).satisfies(failure(DatabaseException.Kind.UNAVAILABLE));
        assertThat(begun.getCount()).isZero();
        Await.until(TestDatabase.TIMEOUT, "no connection is held", () -> acquired() == 0);
        cable.resume();
        useAllConnections();
    }

    @Test
    void statementThatTakesTooLongIsEndedByTheServer() {
        assertThatThrownBy(() -> done(db.database.query(
                        client -> client.sql("SELECT pg_sleep(60)").then())))
                .satisfies(failure(DatabaseException.Kind.UNAVAILABLE));
        assertThat(acquired()).isZero();
    }

    @Test
    void callerWaitsForAConnectionNoLongerThanItsTimeout() {
        Image image = announced();
        done(db.images.add(image));
        // As many as there are connections.
        Disposable holders = Flux.range(0, CONNECTIONS)
                .flatMap(_ -> db.database.query(
                        client -> client.sql("SELECT pg_sleep(3.5)").then()))
                .subscribe();
        Await.until(TestDatabase.TIMEOUT, "all are in use", () -> acquired() == CONNECTIONS);

        assertThatThrownBy(() -> get(db.images.find(image.id(), ownedBy("alice"))))
                .satisfies(failure(DatabaseException.Kind.UNAVAILABLE));

        holders.dispose();
        Await.until(TestDatabase.TIMEOUT, "all are back", () -> acquired() == 0);
        assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
    }

    @Test
    void changeIsCarriedOutThoughItsCallerLeaves() {
        Image image = announced();
        CountDownLatch begun = new CountDownLatch(1);
        Disposable caller = db.database
                .transaction(client -> Mono.<Void>fromRunnable(begun::countDown)
                        .then(client.sql("SELECT pg_sleep(0.2)").then())
                        .then(ImageRows.insert(client, image)))
                .subscribe();
        Await.until(TestDatabase.TIMEOUT, "it has begun", () -> begun.getCount() == 0);
        caller.dispose();

        Await.until(
                TestDatabase.TIMEOUT, "the row is there", () -> !isEmpty(db.images.find(image.id(), ownedBy("alice"))));
        Await.until(TestDatabase.TIMEOUT, "its connection is back", () -> acquired() == 0);
    }

    @Test
    void gatewaysThatStartAtOnceMigrateOnce() {
        Location settings = TestDatabase.settings(SERVER.newDatabase(), UNUSED);

        Stream.generate(() -> settings).limit(4).parallel().forEach(Location::migrate);

        Location alone = TestDatabase.settings(SERVER.newDatabase(), UNUSED);
        alone.migrate();
        try (TestDatabase migrated = TestDatabase.open(settings);
                TestDatabase expected = TestDatabase.open(alone)) {
            assertThat(migrated.rows("flyway_schema_history"))
                    .isPositive()
                    .isEqualTo(expected.rows("flyway_schema_history"));
        }
    }

    @Test
    void databaseThatIsNotThereIsNamedWithoutItsPassword() {
        Location settings = settings("postgresql://me:secret@127.0.0.1:1/gallery");

        assertThatThrownBy(() -> settings.migrate())
                .hasMessageStartingWith("No database: PostgreSQL at 127.0.0.1:1/gallery cannot be opened: ")
                .hasMessageNotContaining("secret")
                .asInstanceOf(InstanceOfAssertFactories.type(CannotStartException.class))
                .extracting(CannotStartException::action)
                .asString()
                .contains("DATABASE_URL");
    }

    private static Location settings(String url) {
        return new Location(
                url, UNUSED, CONNECTIONS, Duration.ofSeconds(2), Duration.ofSeconds(4), Duration.ofSeconds(10));
    }

    private Image announced() {
        Image image = db.stored("alice", "a");
        done(db.announce(keyOf(image), image.id(), Duration.ofMinutes(2)));
        return image;
    }

    private void useAllConnections() {
        get(Flux.range(0, CONNECTIONS)
                .flatMap(_ -> db.database.query(
                        client -> client.sql("SELECT pg_sleep(0.05)").then().thenReturn(true)))
                .count());
    }

    private int acquired() {
        return db.open.metrics().acquiredSize();
    }
}
