package dev.sluice.gateway.outbound.archive;

import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.contract.http.FileOutput.Part;
import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.contract.http.StreamedBody;
import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.zipstream.ArchiveLayout;
import dev.sluice.zipstream.ArchiveSegment;
import dev.sluice.zipstream.EntryHeader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * An archive of which any range can be read: its length, its entity tag and every byte are known beforehand, because
 * the size and CRC-32 of each entry are. A download that was cut off therefore resumes where it ended, in any process
 * that has the same entries. Entries that are files go from file to socket.
 */
public final class SeekableArchive implements Representation.Body {
    private static final MediaType ZIP = MediaType.parseMediaType("application/zip");

    private final ArchiveLayout layout;
    private final String etag;
    private final Source source;
    private final @Nullable Path anyFile;

    private SeekableArchive(ArchiveLayout layout, String etag, Source source, @Nullable Path anyFile) {
        this.layout = layout;
        this.etag = etag;
        this.source = source;
        this.anyFile = anyFile;
    }

    /**
     * One file of an archive.
     *
     * @param header what the archive says of it
     * @param etag a strong one of its bytes
     */
    public record Entry(EntryHeader header, String etag) {}

    /** Where the bytes of an archive's entries are. */
    @FunctionalInterface
    public interface Source {
        /** Those of one entry, by its index; called when their turn has come. What it fails with cuts the answer. */
        Mono<Content> open(int entry);

        /** What a failure to send a file means. */
        default Throwable explained(Throwable failure) {
            return failure;
        }
    }

    /** The bytes of one entry. */
    public interface Content {
        /** The file that they are in, or null. */
        @Nullable Path file();

        /** Where in the file they begin. */
        long offset();

        /** Some of them. The subscriber owns the buffers. */
        Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers);
    }

    /**
     * An archive of at least one entry.
     *
     * @param anyFile one of the files that its entries are in; null if they are in none
     */
    public static SeekableArchive of(List<Entry> entries, Source source, @Nullable Path anyFile) {
        ArchiveLayout layout =
                ArchiveLayout.of(entries.stream().map(Entry::header).toList());
        String parts = entries.stream().map(Entry::etag).collect(Collectors.joining());
        String etag = StrongTag.of(
                StrongTag.digest().digest((layout.fingerprint() + parts).getBytes(StandardCharsets.UTF_8)));
        return new SeekableArchive(layout, etag, source, anyFile);
    }

    /** Of all of it, in bytes. */
    public long length() {
        return layout.length();
    }

    /** Of the archive's own bytes and of those of each entry: a strong one. */
    public String etag() {
        return etag;
    }

    /**
     * The answer to {@code request}: to a {@code GET} or {@code HEAD} as {@link Representation#answer} says, to
     * anything else all of it.
     *
     * @param filename that a browser saves it under
     */
    public Mono<ServerResponse> answer(ServerRequest request, String filename) {
        HttpMethod method = request.method();
        return HttpMethod.GET.equals(method) || HttpMethod.HEAD.equals(method)
                ? new Representation(ZIP, length(), etag, null, headers -> describe(headers, filename), this)
                        .answer(request)
                : whole(request, filename);
    }

    private Mono<ServerResponse> whole(ServerRequest request, String filename) {
        ServerHttpResponse response = request.exchange().getResponse();
        ServerResponse.BodyBuilder answer = ServerResponse.ok()
                .contentType(ZIP)
                .contentLength(length())
                .headers(headers -> describe(headers, filename));
        Mono<Void> sending = send(response, 0, length());
        return sending == null
                ? answer.body(
                        StreamedBody.of(bytes(0, length(), response.bufferFactory()), BodyInserters::fromDataBuffers))
                : answer.build((exchange, context) -> sending);
    }

    private static void describe(HttpHeaders headers, String filename) {
        headers.set(HttpHeaders.CACHE_CONTROL, "private, no-cache");
        headers.set("X-Content-Type-Options", "nosniff");
        headers.setContentDisposition(ContentDisposition.attachment()
                .filename(filename, StandardCharsets.UTF_8)
                .build());
    }

    @Override
    public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
        return layout.bytes(
                position,
                count,
                part -> source.open(part.entry())
                        .flatMapMany(content -> content.bytes(part.offset(), part.length(), buffers)),
                buffers);
    }

    /** Headers from the heap, entries from file to socket. */
    @Override
    public @Nullable Mono<Void> send(ServerHttpResponse response, long position, long count) {
        FileOutput output = FileOutput.of(response);
        return anyFile == null || output == null
                ? null
                : output.writeParts(
                                anyFile,
                                Flux.fromIterable(layout.slice(position, count)).concatMap(this::part, 0))
                        .onErrorMap(source::explained);
    }

    private Mono<Part> part(ArchiveSegment segment) {
        return switch (segment) {
            case ArchiveSegment.Bytes bytes -> Mono.just(new Part.Bytes(bytes.bytes()));
            case ArchiveSegment.Payload payload ->
                source.open(payload.entry())
                        .map(content -> new Part.OfFile(
                                Objects.requireNonNull(content.file(), "no file"),
                                content.offset() + payload.offset(),
                                payload.length()));
        };
    }
}
