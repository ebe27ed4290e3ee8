package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.http.codec.ServerSentEvent;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class ZipEventsTest {
    private static final Duration LOOK = Duration.ofMillis(100);

    private final LinkedRequest link = new LinkedRequest(request());
    private final List<String> told = new ArrayList<>();
    private final AtomicReference<SharedProgress.@Nullable Snapshot> written = new AtomicReference<>();
    private final Mono<SharedProgress.Snapshot> elsewhere = Mono.fromSupplier(written::get);
    private VirtualTimeScheduler time;

    @BeforeEach
    void takeTheClock() {
        time = VirtualTimeScheduler.create();
    }

    @AfterEach
    void giveTheClockBack() {
        time.dispose();
    }

    @Test
    void listenerHearsEachChangeOnceAndThenTheEnd() {
        events().map(ZipEventsTest::text).subscribe(told::add);
        time.advanceTimeBy(Duration.ZERO);
        assertThat(told).containsExactly("image 0 QUEUED", "image 1 QUEUED", "totals 0+0 of 2, 0 bytes");
        told.clear();

        LocalProgress progress = link.progress();
        AtomicLong bytes = new AtomicLong(10);
        progress.begun(0, bytes::get);
        bytes.set(30);
        time.advanceTimeBy(LOOK);
        assertThat(told).containsExactly("image 0 DOWNLOADING", "totals 0+0 of 2, 30 bytes");
        told.clear();

        time.advanceTimeBy(LOOK.multipliedBy(5));
        assertThat(told).isEmpty();

        progress.begun(1, () -> 5000);
        progress.done(0);
        bytes.set(99); // nobody looks any more
        progress.skipped(1, "too_large");
        progress.end();
        time.advanceTimeBy(LOOK);
        assertThat(told)
                .containsExactly(
                        "image 0 DONE", "image 1 SKIPPED", "totals 1+1 of 2, 30 bytes", "end 1+1 of 2, 30 bytes");
    }

    @Test
    void slowListenerMissesStepsButNotTheOutcome() {
        AtomicLong bytes = new AtomicLong();
        StepVerifier.create(events().map(ZipEventsTest::text), 1)
                .then(() -> time.advanceTimeBy(Duration.ZERO))
                .expectNext("image 0 QUEUED")
                .then(() -> {
                    link.progress().begun(0, bytes::get);
                    for (int step = 0; step < 1000; step++) {
                        bytes.incrementAndGet();
                        time.advanceTimeBy(LOOK);
                    }
                    link.progress().end();
                })
                .thenRequest(2)
                .expectNext("image 1 QUEUED", "totals 0+0 of 2, 0 bytes")
                .thenRequest(100)
                .then(() -> time.advanceTimeBy(LOOK))
                .expectNext("image 0 DOWNLOADING", "totals 0+0 of 2, 1000 bytes", "end 0+0 of 2, 1000 bytes")
                .verifyComplete();
    }

    @Test
    void newDownloadStartsItsProgressAnew() {
        Disposable listener = events().map(ZipEventsTest::text).subscribe(told::add);
        time.advanceTimeBy(Duration.ZERO);
        told.clear();

        link.begin().begun(1, () -> 7);
        time.advanceTimeBy(LOOK);

        assertThat(told).containsExactly("image 0 QUEUED", "image 1 DOWNLOADING", "totals 0+0 of 2, 7 bytes");
        listener.dispose();
    }

    @Test
    void downloadElsewhereIsToldAsItIsWritten() {
        events().map(ZipEventsTest::text).subscribe(told::add);
        time.advanceTimeBy(Duration.ZERO);
        told.clear();

        written.set(new SharedProgress.Snapshot(1, 1, "running\nDOWNLOADING 10\nQUEUED 0"));
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(told).containsExactly("image 0 DOWNLOADING", "image 1 QUEUED", "totals 0+0 of 2, 10 bytes");
        told.clear();

        written.set(new SharedProgress.Snapshot(1, 2, "ended\nDONE 20\nSKIPPED 0 too_large"));
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(told)
                .containsExactly(
                        "image 0 DONE", "image 1 SKIPPED", "totals 1+1 of 2, 20 bytes", "end 1+1 of 2, 20 bytes");
    }

    @Test
    void whatIsWrittenOfAnEarlierDownloadIsNotTold() {
        link.begin().numbered(2);
        link.progress().done(0);
        link.progress().end();
        written.set(new SharedProgress.Snapshot(1, 7, "ended\nSKIPPED 0 x\nSKIPPED 0 x"));

        events().map(ZipEventsTest::text).subscribe(told::add);
        time.advanceTimeBy(Duration.ZERO);

        assertThat(told)
                .containsExactly("image 0 DONE", "image 1 QUEUED", "totals 1+0 of 2, 0 bytes", "end 1+0 of 2, 0 bytes");
    }

    @Test
    void downloadWhoseGatewayWritesNoMoreHasEnded() {
        written.set(new SharedProgress.Snapshot(1, 5, "running\nDONE 20\nQUEUED 0"));
        events().map(ZipEventsTest::text).subscribe(told::add);

        time.advanceTimeBy(Duration.ofSeconds(8));
        assertThat(told).noneMatch(line -> line.startsWith("end"));
        time.advanceTimeBy(Duration.ofSeconds(8));
        assertThat(told).endsWith("end 1+0 of 2, 20 bytes");
    }

    @Test
    void progressThatCannotBeReadIsThatOfQueuedImages() {
        written.set(new SharedProgress.Snapshot(1, 5, "ended\nPAUSED 20\nDONE many"));
        events().map(ZipEventsTest::text).subscribe(told::add);
        time.advanceTimeBy(Duration.ZERO);

        assertThat(told)
                .containsExactly(
                        "image 0 QUEUED", "image 1 QUEUED", "totals 0+0 of 2, 0 bytes", "end 0+0 of 2, 0 bytes");
    }

    @Test
    void quietListenerIsToldThatTheLineStillStands() {
        Disposable listener = events().map(ZipEventsTest::text).subscribe(told::add);
        time.advanceTimeBy(Duration.ofSeconds(16));

        assertThat(told).endsWith("still here");
        listener.dispose();
    }

    @Test
    void listenersAreFewAndMakeRoomWhenTheyLeave() {
        List<Disposable> listeners = new ArrayList<>();
        for (int listener = 0; listener < 16; listener++) {
            listeners.add(events().subscribe());
        }
        StepVerifier.create(events()).expectError(GatewayException.class).verify();

        listeners.forEach(Disposable::dispose);
        Disposable again = events().subscribe(event -> told.add(text(event)));
        time.advanceTimeBy(Duration.ZERO);
        assertThat(told).isNotEmpty();
        again.dispose();
    }

    @Test
    void listenerDoesNotWaitForEver() {
        events().subscribe(event -> {}, error -> {}, () -> told.add("completed"));
        time.advanceTimeBy(Duration.ofHours(1));

        assertThat(told).containsExactly("completed");
    }

    private Flux<ServerSentEvent<Object>> events() {
        return ZipEvents.of(link, elsewhere, Duration.ofHours(1), time);
    }

    private static String text(ServerSentEvent<Object> event) {
        @Nullable Object data = event.data();
        return switch (data) {
            case DownloadProgress.ImageProgress image -> event.event() + " " + image.index() + " " + image.state();
            case ZipEvents.Totals totals ->
                event.event() + " " + totals.done() + "+" + totals.skipped() + " of " + totals.images() + ", "
                        + totals.bytes() + " bytes";
            case null, default -> String.valueOf(event.comment());
        };
    }

    private static ZipRequest request() {
        return new ZipRequest(
                List.of(new RemoteImage("http://a", null), new RemoteImage("http://b", null)), null, OnError.SKIP);
    }
}
