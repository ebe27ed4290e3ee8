package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.SkippedImage;
import dev.sluice.gateway.feature.zip.RequestedImages.Arrived;
import dev.sluice.zipstream.ArchiveEntry;
import dev.sluice.zipstream.ArchiveLayout;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.EntryNames;
import dev.sluice.zipstream.ZipStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/** The use case: the images of one request in, its archive out. Knows nothing of HTTP. */
final class ZipDownload {
    private static final Instant MANIFEST_DATE = Instant.parse("1980-01-01T00:00:00Z");

    /** Whether an archive says itself what is not in it. */
    enum Manifest {
        /** As its last entry, if anything is missing. */
        ENCLOSED,
        /** It does not; whoever made it is told. */
        OMITTED
    }

    private final ZipTools tools;
    private final ZipRequest request;
    private final LocalProgress progress;
    private final DataBufferFactory buffers;
    private final Manifest manifest;
    private final RequestedImages images;
    private final ResponseIdleTimer silence;
    private final EntryNames names = new EntryNames();
    private volatile ArchiveResources owner = new ArchiveResources();
    private boolean anyEntry;

    /**
     * One archive; nothing is fetched until it is subscribed to.
     *
     * @param stored gives the images that need not be fetched
     * @param progress is written as images come in
     * @param buffers makes the buffers of headers
     * @param silence bounds how long its client hears nothing
     */
    ZipDownload(
            ZipTools tools,
            ZipRequest request,
            StoredImages stored,
            LocalProgress progress,
            DataBufferFactory buffers,
            ResponseIdleTimer silence) {
        this(tools, request, stored, progress, buffers, silence, Manifest.ENCLOSED);
    }

    ZipDownload(
            ZipTools tools,
            ZipRequest request,
            StoredImages stored,
            LocalProgress progress,
            DataBufferFactory buffers,
            ResponseIdleTimer silence,
            Manifest manifest) {
        this.manifest = manifest;
        this.silence = silence;
        this.tools = tools;
        this.request = request;
        this.progress = progress;
        this.buffers = buffers;
        this.images = new RequestedImages(tools, request, stored, progress, buffers);
    }

    /** Whether the archive is {@link #whole} before its first byte can be sent anyway, or has to be. */
    boolean isCollected() {
        return request.onError() == OnError.FAIL || request.images().size() == 1;
    }

    /**
     * The archive, once. Its first byte comes when the first image is in; before that, it fails with
     * {@code no_image_available}, {@code upstream_failed} or {@code overloaded}. The subscriber owns each buffer;
     * cancelling frees everything else.
     */
    Flux<DataBuffer> bytes() {
        return ended(silence.over(streamed(), images::giveUpBeforeTheNext));
    }

    /** As {@link #bytes}, for who sends none of them before the last: silence has no bound. */
    Flux<DataBuffer> spooled() {
        return ended(streamed());
    }

    private ArchiveResources begin() {
        owner = new ArchiveResources();
        return owner;
    }

    /** Whether it keeps room on disk from others now. */
    boolean usesDisk() {
        return owner.usesDisk();
    }

    private Flux<DataBuffer> streamed() {
        return Flux.using(
                this::begin,
                owner -> {
                    Flux<ArchiveEntry> entries = images.streamed(owner).handle(this::admit);
                    return ZipStream.of(entries.concatWith(Flux.defer(this::ending)), buffers);
                },
                ArchiveResources::dispose);
    }

    private Flux<DataBuffer> ended(Flux<DataBuffer> archive) {
        return ByteStreams.withDeadline(archive, tools.properties().archiveTimeout(), tools.timer())
                .doFinally(end -> progress.end());
    }

    /**
     * The archive, once, with its length: when all images are in. Fails as {@link #bytes} does. Cancelling frees
     * everything; so does whoever has the result.
     */
    Mono<BufferedArchive> whole() {
        return Mono.defer(() -> {
            ArchiveResources owner = begin();
            return silence.before(images.collected(owner), images::giveUpAll)
                    .map(arrived -> whole(arrived, owner))
                    .doOnError(failed -> abandon(owner))
                    .doOnCancel(() -> abandon(owner));
        });
    }

    private void abandon(ArchiveResources owner) {
        progress.end();
        owner.dispose();
    }

    private BufferedArchive whole(List<Arrived> arrived, ArchiveResources owner) {
        List<ArchiveEntry> entries = new ArrayList<>();
        arrived.forEach(image -> admit(image, entries::add, fatal -> {
            throw fatal;
        }));
        if (isEmpty()) {
            throw nothing();
        }
        if (isTold()) {
            entries.add(manifest());
        }
        long length = ArchiveLayout.of(
                        entries.stream().map(ArchiveEntry::header).toList())
                .length();
        Flux<DataBuffer> bytes =
                ended(ZipStream.of(Flux.fromIterable(entries), buffers)).doFinally(end -> owner.dispose());
        return new BufferedArchive(length, bytes, Disposables.composite(owner, progress::end));
    }

    /** Images that are not in the archive, in order; complete when the archive is. */
    List<SkippedImage> skipped() {
        return images.skipped();
    }

    private void admit(Arrived arrived, SynchronousSink<ArchiveEntry> archive) {
        admit(arrived, archive::next, archive::error);
    }

    /** The last step that can fail for one image alone: after it, the entry's header is on its way. */
    private void admit(Arrived arrived, Consumer<ArchiveEntry> archive, Consumer<GatewayException> end) {
        ArchiveEntry entry;
        try {
            entry = entry(arrived);
        } catch (RuntimeException failed) {
            arrived.image().resources().dispose();
            GatewayException fatal = images.skip(arrived.index(), failed);
            if (fatal != null) {
                end.accept(fatal);
            }
            return;
        }
        anyEntry = true;
        archive.accept(entry);
    }

    private ArchiveEntry entry(Arrived arrived) {
        FetchedImage image = arrived.image();
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
        if (isEmpty()) {
            return Flux.error(nothing());
        }
        return isTold() ? Flux.just(manifest()) : Flux.empty();
    }

    private boolean isEmpty() {
        return !anyEntry;
    }

    private boolean isTold() {
        return !skipped().isEmpty() && manifest == Manifest.ENCLOSED;
    }

    private GatewayException nothing() {
        return new GatewayException(
                        ProblemCode.NO_IMAGE_AVAILABLE,
                        "None of the " + request.images().size() + " images could be fetched.")
                .with("images", skipped());
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
