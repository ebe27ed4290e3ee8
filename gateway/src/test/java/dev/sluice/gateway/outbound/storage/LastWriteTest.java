package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.MovableClock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import reactor.core.publisher.Mono;

/** What health says of a store that is there, and takes no objects. */
class LastWriteTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private final MovableClock clock = new MovableClock();
    private final AtomicInteger trials = new AtomicInteger();
    private @Nullable StorageException trialFails;
    private final LastWrite lastWrite = new LastWrite(
            () -> {
                trials.incrementAndGet();
                return trialFails == null ? Mono.empty() : Mono.error(trialFails);
            },
            clock);
    private final StorageHealth health =
            new StorageHealth(Map.of("kind", "s3"), () -> Map.of("abilities", "all"), Mono::empty, lastWrite);

    private Health health() {
        Health told = health.health().block(SOON);
        assertThat(told).isNotNull();
        assertThat(told.getDetails()).containsEntry("kind", "s3").containsEntry("abilities", "all");
        return told;
    }

    @Test
    void storeThatWasNeverWrittenToIsWell() {
        assertThat(health().getStatus()).isEqualTo(Status.UP);
        assertThat(trials).hasValue(0);
    }

    @ParameterizedTest
    @EnumSource(names = {"REFUSED", "FULL"})
    void storeThatTookNoObjectIsDownWithoutTheWordsThatNameIt(Kind kind) {
        lastWrite.failed(new StorageException(kind, "t/alice/a.png: S3 answered 403"));

        assertThat(health().getStatus()).isEqualTo(Status.DOWN);
        assertThat(health().getDetails())
                .containsEntry("failure", kind.code())
                .containsEntry("operation", "put")
                .containsEntry("at", clock.instant().toString())
                .doesNotContainKey("reason");
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"REFUSED", "FULL"})
    void failureOfOneObjectSaysNothingOfTheNext(Kind kind) {
        lastWrite.failed(new StorageException(kind, "t/alice/a.png"));
        lastWrite.failed(new IllegalStateException("its origin broke off"));

        assertThat(health().getStatus()).isEqualTo(Status.UP);
    }

    @Test
    void nextObjectThatIsTakenMakesItWell() {
        lastWrite.failed(new StorageException(Kind.REFUSED, "t/alice/a.png"));
        lastWrite.succeeded();

        assertThat(health().getStatus()).isEqualTo(Status.UP);
        assertThat(trials).hasValue(0);
    }

    @Test
    void smallObjectForWhichThereIsStillRoomMakesAFullStoreNotWell() {
        lastWrite.failed(new StorageException(Kind.FULL, "t/alice/a.png"));
        lastWrite.succeeded();
        assertThat(health().getStatus()).isEqualTo(Status.DOWN);

        clock.move(LastWrite.RECENT);
        lastWrite.succeeded();
        assertThat(health().getStatus()).isEqualTo(Status.UP);
        assertThat(trials).hasValue(0);
    }

    @Test
    void afterAMinuteWithoutAWriteATrialFindsOut() {
        lastWrite.failed(new StorageException(Kind.REFUSED, "t/alice/a.png"));
        clock.move(LastWrite.RECENT.minusMillis(1));
        assertThat(health().getStatus()).isEqualTo(Status.DOWN);
        assertThat(trials).hasValue(0);

        trialFails = new StorageException(Kind.REFUSED, "PutObject probe/1: S3 answered 403 AccessDenied: Not yours.");
        clock.move(Duration.ofMillis(1));
        assertThat(health().getDetails())
                .containsEntry("failure", "refused")
                .containsEntry("reason", "PutObject probe/1: S3 answered 403 AccessDenied: Not yours.")
                .doesNotContainKey("operation");
        assertThat(health().getStatus()).isEqualTo(Status.DOWN);
        assertThat(trials).as("once a minute").hasValue(1);

        trialFails = null;
        clock.move(LastWrite.RECENT);
        assertThat(health().getStatus()).isEqualTo(Status.UP);
        assertThat(health().getStatus()).isEqualTo(Status.UP);
        assertThat(trials).hasValue(2);
    }
}
