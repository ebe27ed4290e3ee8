package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.gateway.outbound.fetch.FetchRequest;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.OriginResponse;
import dev.sluice.gateway.outbound.spool.Spool;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.util.unit.DataSize;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;
import tools.jackson.databind.json.JsonMapper;

class HeadStartTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final List<String> asked = new ArrayList<>();
    private final List<Sinks.Empty<Void>> ends = new ArrayList<>();
    private Disposable archive;

    @TempDir
    Path directory;

    /** Notes what it is asked for, and fails when told to. */
    private final class Origin implements OriginFetch {
        @Override
        public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
            asked.add(request.url());
            Sinks.Empty<Void> end = Sinks.empty();
            ends.add(end);
            return end.asMono()
                    .then(Mono.error(() -> new FetchException(FetchFailure.CONNECTION_FAILED, "gone", null)));
        }
    }

    @BeforeEach
    @SuppressWarnings("NullAway") // no store is asked, since nothing is reused
    void ask() {
        ZipProperties properties = new Binder(new MapConfigurationPropertySource(Map.of("sluice.zip.reuse", "off")))
                .bindOrCreate("sluice.zip", ZipProperties.class);
        BufferBudget room = new BufferBudget(DataSize.ofMegabytes(100).toBytes(), 10, time);
        ImageIntake intake = new ImageIntake(
                new Origin(), properties, room, room, new Spool(directory), Schedulers.immediate(), time);
        SlowReaderEviction readers = new SlowReaderEviction(room, DataSize.ofBytes(0), Duration.ofSeconds(1), time);
        ZipTools tools = new ZipTools(
                intake,
                null,
                properties,
                readers,
                new ArchiveMeters(new SimpleMeterRegistry()),
                JsonMapper.shared(),
                time);
        List<RemoteImage> images = List.of(
                new RemoteImage("https://a.example/0", null),
                new RemoteImage("https://a.example/1", null),
                new RemoteImage("https://a.example/2", null));
        ZipRequest request = new ZipRequest(images, null, OnError.SKIP);
        archive = new RequestedImages(
                        tools,
                        request,
                        tools.stored(request, StoredImages.Admission.NONE),
                        new LocalProgress(request),
                        DefaultDataBufferFactory.sharedInstance)
                .streamed(new ArchiveResources())
                .subscribe();
    }

    @AfterEach
    void leave() {
        archive.dispose();
        time.dispose();
    }

    @Test
    void nextImageIsAskedForWhenTheOneBeforeItIsThrough() {
        assertThat(asked).containsExactly("https://a.example/0");

        ends.getFirst().tryEmitEmpty();

        assertThat(asked).containsExactly("https://a.example/0", "https://a.example/1");
    }

    @Test
    void farOriginIsAskedForSeveralAtOnce() {
        time.advanceTimeBy(Duration.ofMillis(19));
        assertThat(asked).hasSize(1);

        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(asked).hasSize(3);
    }
}
