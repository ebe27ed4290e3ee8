package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.OnError;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RemoteImage;
import dev.sluice.gateway.contract.SkippedImage;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.zipstream.ArchiveEntry;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.EntryNames;
import dev.sluice.zipstream.ZipStream;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

/**
 * The use case: the images of one request in, its archive out. Knows nothing of HTTP.
 *
 * <p>At most {@code concurrency} images exist at once, the one being sent among them: each takes one of the request's
 * places before anything else and keeps it until its last byte is handed on. Places are given in order, so the head of
 * the archive always has one.
 */
final class ZipDownload {
    private static final Logger LOG = LoggerFactory.getLogger(ZipDownload.class);
    private static final Instant MANIFEST_DATE = Instant.parse("1980-01-01T00:00:00Z");

    /** What all downloads of the process share. */
    record Tools(ImageIntake intake, ZipProperties properties, JsonMapper json, Scheduler timer) {}

    /** Whether an archive says itself what is not in it. */
    enum Manifest {
        /** As its last entry, if anything is missing. */
        ENCLOSED,
        /** It does not; whoever made it is told. */
        OMITTED
    }

    private record Arrived(int index, HeldImage image) {}

    private final Tools tools;
    private final ZipRequest request;
    private final ZipProgress progress;
    private final DataBufferFactory buffers;
    private final Manifest manifest;
    private final Map<Integer, SkippedImage> skipped = new ConcurrentSkipListMap<>();
    private final List<Sinks.Empty<Void>> turns;
    private final EntryNames names = new EntryNames();
    private volatile boolean anyAdmitted;
    private boolean anyEntry;

    /**
     * One archive; nothing is fetched until its bytes are subscribed to.
     *
     * @param progress is written as images come in
     * @param buffers makes the buffers of headers
     */
    ZipDownload(Tools tools, ZipRequest request, ZipProgress progress, DataBufferFactory buffers) {
        this(tools, request, progress, buffers, Manifest.ENCLOSED);
    }

    ZipDownload(Tools tools, ZipRequest request, ZipProgress progress, DataBufferFactory buffers, Manifest manifest) {
        this.manifest = manifest;
        this.tools = tools;
        this.request = request;
        this.progress = progress;
        this.buffers = buffers;
        this.turns = request.images().stream().map(image -> Sinks.<Void>empty()).toList();
    }

    /**
     * The archive, once. Its first byte comes when the first image is in; before that, it fails with
     * {@code no_image_available}, {@code upstream_failed} or {@code overloaded}. The subscriber owns each buffer;
     * cancelling frees everything else.
     */
    Flux<DataBuffer> bytes() {
        Flux<DataBuffer> archive = Flux.using(RequestScope::new, this::archive, RequestScope::dispose);
        return ByteStreams.withDeadline(archive, tools.properties().archiveTimeout(), tools.timer())
                .doFinally(end -> progress.end());
    }

    /** Images that are not in the archive, in order; complete when the archive is. */
    List<SkippedImage> skipped() {
        return List.copyOf(skipped.values());
    }

    private Flux<DataBuffer> archive(RequestScope owner) {
        int count = request.images().size();
        int concurrency = tools.properties().concurrency();
        BufferBudget places = new BufferBudget(concurrency, count, tools.timer());
        turnOf(0);
        Flux<ArchiveEntry> entries = Flux.range(0, count)
                .flatMapSequential(index -> image(index, places, owner), concurrency, 1)
                .handle(this::admit)
                .concatWith(Flux.defer(this::ending));
        return ZipStream.of(entries, buffers);
    }

    private Mono<Arrived> image(int index, BufferBudget places, RequestScope owner) {
        return places.reserve(1, tools.properties().archiveTimeout()).flatMap(place -> {
            Disposable held = Disposables.composite(place::release);
            owner.add(held);
            return Mono.defer(() -> take(index, owner))
                    .map(image -> new Arrived(index, image.alsoHolding(held)))
                    .doOnNext(arrived -> progress.done(index))
                    .onErrorResume(failure -> {
                        held.dispose();
                        return skipOrFail(index, failure);
                    })
                    .doOnTerminate(() -> turnOf(index + 1));
        });
    }

    private void turnOf(int index) {
        if (index < turns.size()) {
            turns.get(index).tryEmitEmpty();
        }
    }

    private Mono<HeldImage> take(int index, RequestScope owner) {
        String url = request.images().get(index).url();
        ZipProperties properties = tools.properties();
        ImageIntake.Listener listener = listener(index);
        Mono<Void> turn = turns.get(index).asMono();
        Mono<HeldImage> first = tools.intake().take(url, turn, properties.queueTimeout(), owner, listener, buffers);
        // With others of its request on their way an image may wait longer: the archive has begun.
        Mono<HeldImage> again = tools.intake().take(url, turn, properties.imageTimeout(), owner, listener, buffers);
        return first.onErrorResume(
                BudgetExhaustedException.class, noRoom -> anyAdmitted ? again : Mono.error(overloaded(noRoom)));
    }

    private ImageIntake.Listener listener(int index) {
        return new ImageIntake.Listener() {
            @Override
            public void admitted() {
                anyAdmitted = true;
                progress.received(index, 0);
            }

            @Override
            public void received(long bytes) {
                progress.received(index, bytes);
            }
        };
    }

    private GatewayException overloaded(Throwable cause) {
        return new GatewayException(
                        ProblemCode.OVERLOADED, "No room for another archive at present; nothing was fetched.", cause)
                .retryAfter(tools.properties().queueTimeout());
    }

    private Mono<Arrived> skipOrFail(int index, Throwable failure) {
        if (failure instanceof GatewayException whole && whole.code() == ProblemCode.OVERLOADED) {
            return Mono.error(whole);
        }
        GatewayException fatal = skip(index, failure);
        return fatal == null ? Mono.empty() : Mono.error(fatal);
    }

    /** Notes that an image is left out. What that means for the whole archive: null if it goes on without it. */
    private @Nullable GatewayException skip(int index, Throwable failure) {
        SkippedImage image = describe(index, failure);
        skipped.put(index, image);
        progress.skipped(index, image.code());
        return request.onError() == OnError.SKIP
                ? null
                : new GatewayException(ProblemCode.UPSTREAM_FAILED, "images[" + index + "]: " + image.detail(), failure)
                        .with("images", List.of(image));
    }

    private SkippedImage describe(int index, Throwable failure) {
        RemoteImage ref = request.images().get(index);
        if (failure instanceof FetchException known) {
            return new SkippedImage(
                    index, ref.url(), ref.name(), known.failure().code(), String.valueOf(known.getMessage()));
        }
        if (failure instanceof BudgetExhaustedException) {
            return new SkippedImage(
                    index, ref.url(), ref.name(), FetchFailure.TIMED_OUT.code(), "No room for the image in time.");
        }
        LOG.error("images[{}] failed in a way nobody foresaw", index, failure);
        return new SkippedImage(
                index, ref.url(), ref.name(), FetchFailure.CONNECTION_FAILED.code(), "The image could not be kept.");
    }

    /** The last step that can fail for one image alone: after it, the entry's header is on its way. */
    private void admit(Arrived arrived, SynchronousSink<ArchiveEntry> archive) {
        try {
            ArchiveEntry entry = entry(arrived);
            anyEntry = true;
            archive.next(entry);
        } catch (RuntimeException failed) {
            arrived.image().resources().dispose();
            GatewayException fatal = skip(arrived.index(), failed);
            if (fatal != null) {
                archive.error(fatal);
            }
        }
    }

    private ArchiveEntry entry(Arrived arrived) {
        HeldImage image = arrived.image();
        String given = request.images().get(arrived.index()).name();
        String wanted = given == null ? image.urlName() : given;
        return new ArchiveEntry(
                names.claim(wanted, image.type().extension()),
                image.size(),
                image.crc32(),
                image.lastModified(),
                image.content(),
                image.resources());
    }

    private Flux<ArchiveEntry> ending() {
        if (!anyEntry) {
            return Flux.error(new GatewayException(
                            ProblemCode.NO_IMAGE_AVAILABLE,
                            "None of the " + request.images().size() + " images could be fetched.")
                    .with("images", skipped()));
        }
        return skipped.isEmpty() || manifest == Manifest.OMITTED ? Flux.empty() : Flux.just(manifest());
    }

    private ArchiveEntry manifest() {
        byte[] text = tools.json().writerWithDefaultPrettyPrinter().writeValueAsBytes(Map.of("skipped", skipped()));
        CRC32 crc = new CRC32();
        crc.update(text);
        Flux<DataBuffer> content = Flux.defer(() -> Flux.just(buffers.wrap(text)));
        return new ArchiveEntry(
                names.claim("manifest.json", "json"),
                text.length,
                crc.getValue(),
                MANIFEST_DATE,
                content,
                Disposables.single());
    }
}
