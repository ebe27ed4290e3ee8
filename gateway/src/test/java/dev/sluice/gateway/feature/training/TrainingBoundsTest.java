package dev.sluice.gateway.feature.training;

import static dev.sluice.gateway.feature.training.TrainingRig.SOON;
import static dev.sluice.gateway.feature.training.TrainingRig.get;
import static dev.sluice.gateway.feature.training.TrainingRig.refused;
import static dev.sluice.gateway.feature.training.TrainingRig.request;
import static dev.sluice.gateway.feature.training.TrainingRig.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FalStub;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** Whatever the disk, the clock and the clients do: all is given back, and nothing is queued for nobody. */
class TrainingBoundsTest extends TrainingFaults {
    @Test
    void wholeDeadlineEndsASetUpThatGoesOn() {
        TrainingRig rig = rig(
                "sluice.training.deadline", "1s",
                "sluice.training.try-timeout", "1s",
                "sluice.training.upload-timeout", "1s");
        rig.origin.on("/slow.png", Behaviours.silent());
        var urls = rig.pictures(4);
        urls.set(3, rig.origin.url("/slow.png"));

        JsonNode problem = refused(rig.start("alice", request(urls)), 504, "upstream_timeout");

        assertThat(problem.path("detail").asString())
                .isEqualTo("The training was not set up within 1 second; nothing was queued.");
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void diskThatCannotBeWrittenIsToldAndNothingIsQueued() throws IOException {
        Path notADirectory = Files.writeString(directory.resolve("file"), "in the way");
        TrainingRig rig = rig("sluice.training.spool-directory", notADirectory.toString());

        HttpResponse<byte[]> answer = rig.start();

        refused(answer, 503, "overloaded");
        assertThat(answer.headers().firstValue("Retry-After")).isPresent();
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void diskOfAllTrainingsTogetherIsBounded() throws IOException {
        TrainingRig rig = rig(
                "sluice.training.disk-budget", "26MB",
                "sluice.training.max-images", "5",
                "sluice.training.concurrency", "10");
        rig.origin.on("/silent.png", Behaviours.silent());
        try (Socket first = rig.ask(request(Collections.nCopies(4, rig.origin.url("/silent.png"))))) {
            rig.origin.awaitRequests(1, SOON);
            assertThat(first.isConnected()).isTrue();

            HttpResponse<byte[]> answer = rig.start("bob", request(rig.pictures(4)));

            refused(answer, 503, "overloaded");
            assertThat(answer.headers().firstValue("Retry-After")).isPresent();
        }
        rig.assertEverythingIsFree();
        assertThat(rig.start().statusCode()).isEqualTo(202);
    }

    @Test
    void permitsAreBounded() throws IOException {
        TrainingRig rig = rig("sluice.training.concurrency", "1");
        rig.origin.on("/silent.png", Behaviours.silent());
        try (Socket first = rig.ask(request(Collections.nCopies(4, rig.origin.url("/silent.png"))))) {
            rig.origin.awaitRequests(1, SOON);
            assertThat(first.isConnected()).isTrue();

            refused(rig.start("bob", request(rig.pictures(4))), 503, "overloaded");
        }
        rig.assertEverythingIsFree();
        assertThat(rig.start().statusCode()).isEqualTo(202);
    }

    @Test
    void callerHasOnePermitAndOthersHaveTheRest() throws IOException {
        TrainingRig rig = rig("sluice.training.concurrency", "2");
        rig.origin.on("/silent.png", Behaviours.silent());
        try (Socket first = rig.ask(request(Collections.nCopies(4, rig.origin.url("/silent.png"))))) {
            rig.origin.awaitRequests(1, SOON);
            assertThat(first.isConnected()).isTrue();

            HttpResponse<byte[]> second = rig.start();

            refused(second, 503, "overloaded");
            assertThat(second.headers().firstValue("Retry-After")).isPresent();
            assertThat(rig.start("bob", request(rig.pictures(4))).statusCode()).isEqualTo(202);
        }
        rig.assertEverythingIsFree();
        assertThat(rig.start().statusCode()).isEqualTo(202);
    }

    @Test
    void twoAtOnceDoNotMix() {
        TrainingRig rig = rig();

        var one = CompletableFuture.supplyAsync(
                () -> rig.start("alice", request(rig.pictures(4))), Thread::startVirtualThread);
        var other = CompletableFuture.supplyAsync(
                () -> rig.start("bob", request(rig.pictures(7))), Thread::startVirtualThread);

        assertThat(one.join().statusCode()).as(text(one.join())).isEqualTo(202);
        assertThat(other.join().statusCode()).as(text(other.join())).isEqualTo(202);
        assertThat(rig.fal.archives().stream()
                        .map(archive -> Archives.read(archive).size()))
                .containsExactlyInAnyOrder(4, 7);
    }

    @Test
    void clientThatLeavesWhileImagesArriveEndsTheWork() throws IOException {
        TrainingRig rig = rig();
        rig.origin.on("/silent.png", Behaviours.silent());
        var urls = rig.pictures(4);
        urls.set(3, rig.origin.url("/silent.png"));
        try (Socket client = rig.ask(request(urls))) {
            Await.until(SOON, "the last is asked for", () -> rig.origin.requests("/silent.png") == 1);
            assertThat(client.isConnected()).isTrue();
        }
        rig.assertEverythingIsFree();
        rig.origin.await(
                SOON,
                "the fetch has ended",
                () -> rig.origin.requests().stream()
                        .filter(fetch -> fetch.path().equals("/silent.png"))
                        .allMatch(fetch -> fetch.connection().isClosed()));
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void clientThatLeavesDuringTheUploadEndsItAndTheFileHadNoName() throws IOException {
        TrainingRig rig = rig();
        rig.fal.putUnread(Behaviours.silent());
        try (Socket client = rig.ask(request(rig.pictures(4)))) {
            Await.until(SOON, "the upload has begun", () -> rig.fal.puts().size() == 1);
            assertThat(client.isConnected()).isTrue();
            assertThat(rig.diskHeld()).isGreaterThan(4_000_000);
            assertThat(rig.files())
                    .as("nothing that a killed process could leave")
                    .isZero();
        }
        rig.assertEverythingIsFree();
        rig.fal.awaitPutsClosed();
        assertThat(rig.fal.queueings()).isZero();
    }

    @Test
    void trainingThatIsQueuedWhenItsClientHasLeftIsCancelled() throws IOException {
        TrainingRig rig = rig();
        CountDownLatch left = new CountDownLatch(1);
        rig.fal.queue(exchange -> {
            left.await();
            FalStub.queued().answer(exchange);
        });
        try (Socket client = rig.ask(request(rig.pictures(4)))) {
            Await.until(SOON, "it is being queued", () -> rig.fal.queueings() == 1);
            assertThat(client.isConnected()).isTrue();
        }
        rig.assertEverythingIsFree();
        left.countDown();

        Await.until(SOON, "it is cancelled", () -> rig.fal.cancellations() == 1);
    }

    /** Answers to orders do not go out. */
    public static final class HeldAnswers {
        private static final CountDownLatch REACHED = new CountDownLatch(1);

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        WebFilter heldAnswers() {
            return (exchange, chain) -> {
                if (exchange.getRequest().getPath().value().equals(TrainingRig.PATH)) {
                    exchange.getResponse()
                            .beforeCommit(() -> Mono.<Void>never().doOnSubscribe(now -> REACHED.countDown()));
                }
                return chain.filter(exchange);
            };
        }
    }

    @Test
    void trainingWhoseAnswerNeverGoesOutIsCancelled() throws Exception {
        try (TrainingRig rig = new TrainingRig(directory.resolve("held"), HeldAnswers.class)) {
            try (Socket client = rig.ask(request(rig.pictures(4)))) {
                assertThat(HeldAnswers.REACHED.await(SOON.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                assertThat(client.isConnected()).isTrue();
                assertThat(rig.fal.queueings()).isEqualTo(1);
                assertThat(rig.fal.cancellations()).isZero();
            }

            Await.until(SOON, "it is cancelled", () -> rig.fal.cancellations() == 1);
            rig.assertEverythingIsFree();
        }
    }

    @Test
    void filesThatAnEarlierProcessLeftAreSweptAtTheStart() throws IOException {
        Path spool = Files.createDirectories(directory.resolve("spool"));
        Path left = Files.createDirectory(spool.resolve(UUID.randomUUID().toString()));
        Files.writeString(left.resolve("lock"), "");
        Files.writeString(left.resolve("1"), "left");

        TrainingRig rig = rig("sluice.training.spool-directory", spool.toString());

        assertThat(left).doesNotExist();
        assertThat(rig.start().statusCode()).isEqualTo(202);
    }

    @Test
    void sixthTrainingOfADayIsRefusedAndFailedOnesDoNotCount() {
        TrainingRig rig = rig(
                "sluice.limits.enabled", "true",
                "sluice.limits.definitions.ip.burst", "1000",
                "sluice.limits.definitions.user.burst", "1000");
        String pictures = request(rig.pictures(4));
        refused(rig.start("alice", "{}"), 400, "malformed_request");
        refused(rig.start("alice", request(rig.pictures(4)).replace("a.png", "gone.png")), 502, "upstream_failed");
        for (int training = 1; training <= 5; training++) {
            HttpResponse<byte[]> answer = rig.start("alice", pictures);
            assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
        }

        HttpResponse<byte[]> sixth = rig.start("alice", pictures);

        refused(sixth, 429, "quota_exceeded");
        assertThat(text(sixth)).contains("\"limit\":\"training-day\"");
        assertThat(sixth.headers().firstValue("Retry-After")).isPresent();
        assertThat(rig.start("bob", pictures).statusCode()).isEqualTo(202);
        assertThat(rig.fal.orders()).hasSize(6);
    }

    @Test
    void lookingIsLimitedByRate() {
        TrainingRig rig = rig(
                "sluice.limits.enabled", "true",
                "sluice.limits.definitions.ip.burst", "1000",
                "sluice.limits.definitions.user.burst", "3",
                "sluice.limits.definitions.user.period", "1h");
        HttpResponse<byte[]> last = get(rig.gateway, "carol", "/api/lora/train/x.y");
        for (int look = 0; look < 5; look++) {
            last = get(rig.gateway, "carol", "/api/lora/train/x.y");
        }

        refused(last, 429, "rate_limited");
    }
}
