package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.image.ImagesContract.failure;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.done;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.get;
import static dev.sluice.gateway.outbound.database.image.TestDatabase.ownedBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What a file of this process alone has to stand. */
class H2FaultsTest {

    @TempDir
    Path directory;

    /** In a process of its own: adds an image and dies at once, or fails to open. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) {
            try {
                TestDatabase db = TestDatabase.h2(Path.of(args[0]));
                db.added(db.stored("alice", "the last words"));
                Runtime.getRuntime().halt(0);
            } catch (CannotStartException refused) {
                System.out.println(refused.getMessage() + "\n" + refused.action());
                Runtime.getRuntime().halt(1);
            }
        }
    }

    @Test
    void whatWasCommittedOutlivesAKilledProcess() throws IOException, InterruptedException {
        assertThat(victim()).doesNotContain("No database");

        try (TestDatabase db = TestDatabase.h2(directory)) {
            assertThat(get(db.images.list(ownedBy("alice"), ImageFilter.ANY, 1, 10))
                            .images())
                    .extracting(Image::altText)
                    .containsExactly("the last words");
        }
    }

    @Test
    void secondProcessIsToldWhyItCannotOpenTheFile() throws IOException, InterruptedException {
        try (TestDatabase db = TestDatabase.h2(directory)) {
            assertThat(victim())
                    .contains("Another process has the database in " + directory)
                    .contains("Use that one or stop it")
                    .contains("share a PostgreSQL (DATABASE_URL)");
            assertThat(db.rows("images")).isZero();
        }
    }

    @Test
    void fileIsOpenedAgainAfterItWasClosed() {
        Image image;
        try (TestDatabase db = TestDatabase.h2(directory)) {
            image = db.added(db.stored("alice", "a"));
        }

        assertThat(directory.resolve("sluice.mv.db")).isNotEmptyFile();
        try (TestDatabase db = TestDatabase.h2(directory)) {
            assertThat(get(db.images.find(image.id(), ownedBy("alice")))).isEqualTo(image);
        }
    }

    @Test
    void callersThatLeaveDoNotCloseTheFile() {
        try (TestDatabase db = TestDatabase.h2(directory)) {
            for (int i = 0; i < 300; i++) {
                Image image = db.stored("alice", "image " + i);
                Disposable caller = db.announce(TestDatabase.keyOf(image), image.id(), Duration.ofMinutes(1))
                        .then(db.images.add(image))
                        .subscribe();
                if (i % 3 != 0) {
                    get(db.jobs.count());
                }
                caller.dispose();
            }

            done(db.announce("after", UUID.randomUUID(), Duration.ofMinutes(1)));
            assertThat(get(db.references.isNamed("after"))).isTrue();
        }
    }

    @Test
    void closedDatabaseRefusesAtOnce() {
        TestDatabase db = TestDatabase.h2(directory);
        db.close();

        assertThatThrownBy(() -> done(db.intents.forget("a"))).satisfies(failure(DatabaseException.Kind.UNAVAILABLE));
    }

    @Test
    void operationsBeyondTheThreadsWaitTheirTurn() {
        try (TestDatabase db = TestDatabase.h2(directory)) {
            assertThat(get(Flux.range(0, 200).flatMap(_ -> db.jobs.count(), 200).count()))
                    .isEqualTo(200);
            assertThat(db.open.metrics().allocatedSize()).isLessThanOrEqualTo(10);
        }
    }

    @Test
    void operationsBeyondTheBoundAreRefusedAndNotInDoubt() {
        try (TestDatabase db = TestDatabase.h2(directory)) {
            CountDownLatch holding = new CountDownLatch(10);
            CountDownLatch go = new CountDownLatch(1);
            Disposable holders = Flux.range(0, 10)
                    .flatMap(_ -> db.database.query(_ -> Mono.fromCallable(() -> {
                        holding.countDown();
                        return go.await(20, TimeUnit.SECONDS);
                    })))
                    .subscribe();
            Await.until(TestDatabase.TIMEOUT, "every thread is held", () -> holding.getCount() == 0);
            Queue<DatabaseException.Kind> refused = new ConcurrentLinkedQueue<>();
            Mono<Long> waiting = Flux.range(0, 1005)
                    .flatMap(
                            i -> db.intents
                                    .forget("key" + i)
                                    .thenReturn(1)
                                    .doOnError(DatabaseException.class, error -> refused.add(error.kind()))
                                    .onErrorComplete(),
                            1005)
                    .count()
                    .cache();
            Disposable waiters = waiting.subscribe();
            Await.until(TestDatabase.TIMEOUT, "five are refused", () -> refused.size() == 5);
            go.countDown();

            assertThat(get(waiting)).isEqualTo(1000);
            assertThat(refused).containsOnly(DatabaseException.Kind.UNAVAILABLE).hasSize(5);
            holders.dispose();
            waiters.dispose();
            assertThat(get(db.jobs.count())).isZero();
        }
    }

    @Test
    void answersComeOnAThreadThatMustNotBeBlocked() {
        try (TestDatabase db = TestDatabase.h2(directory)) {
            Boolean mustNotBlock = get(db.jobs.count().map(_ -> Schedulers.isInNonBlockingThread()));
            assertThat(mustNotBlock).isTrue();
        }
    }

    private String victim() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return said;
    }
}
