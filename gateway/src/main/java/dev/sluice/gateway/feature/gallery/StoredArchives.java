package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.contract.http.FileOutput.Part;
import dev.sluice.gateway.contract.http.Representation;
import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.ArchiveLayout;
import dev.sluice.zipstream.ArchiveSegment;
import dev.sluice.zipstream.EntryHeader;
import dev.sluice.zipstream.EntryNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Stored images as archives whose length, entity tag and every byte are known before the first is read: size and CRC-32
 * of each object stand in its row. So any range can be had, and a download that was cut off goes on where it ended.
 */
final class StoredArchives {
    private final Images images;
    private final ObjectStore store;

    StoredArchives(Images images, ObjectStore store) {
        this.images = images;
        this.store = store;
    }

    /** An archive of all {@code ids}, in their order, each once. Fails with {@code not_found} or {@code conflict}. */
    Mono<Archive> of(List<UUID> ids, ImageScope scope) {
        List<UUID> wanted = ids.stream().distinct().toList();
        return images.findAll(wanted, scope).flatMap(found -> {
            Set<UUID> absent = new HashSet<>(wanted);
            found.forEach(image -> absent.remove(image.id()));
            if (!absent.isEmpty()) {
                throw new GatewayException(
                                ProblemCode.NOT_FOUND,
                                "There is no image " + absent.iterator().next() + ".")
                        .with("ids", wanted.stream().filter(absent::contains).toList());
            }
            Archive archive = archive(found);
            return store.open(archive.first())
                    .mapNotNull(ObjectContent::file)
                    .map(archive::sentFrom)
                    .defaultIfEmpty(archive);
        });
    }

    private Archive archive(List<Image> found) {
        EntryNames names = new EntryNames();
        List<ImageObject> objects = new ArrayList<>();
        List<EntryHeader> entries = new ArrayList<>();
        for (Image image : found) {
            ImageObject object = image.object();
            if (object == null) {
                throw new GatewayException(
                        ProblemCode.CONFLICT,
                        "Image " + image.id() + ": " + image.status().code()
                                + " without a file (expected: one that is stored)");
            }
            objects.add(object);
            entries.add(new EntryHeader(
                    FileNames.claim(names, image, object.key()),
                    object.size(),
                    object.crc32(),
                    Objects.requireNonNullElse(image.completedAt(), image.createdAt())));
        }
        return new Archive(store, ArchiveLayout.of(entries), objects, null);
    }

    /** One archive. */
    static final class Archive implements Representation.Body {
        private final ObjectStore store;
        private final ArchiveLayout layout;
        private final List<ImageObject> objects;
        private final @Nullable Path file;

        /** @param file of one of the objects, if the store's objects are files */
        Archive(ObjectStore store, ArchiveLayout layout, List<ImageObject> objects, @Nullable Path file) {
            this.store = store;
            this.layout = layout;
            this.objects = List.copyOf(objects);
            this.file = file;
        }

        Archive sentFrom(Path one) {
            return new Archive(store, layout, objects, one);
        }

        ObjectKey first() {
            return new ObjectKey(objects.getFirst().key());
        }

        long length() {
            return layout.length();
        }

        /** Of the archive's own bytes and of those of each object: a strong one. */
        String etag() {
            String parts = objects.stream().map(ImageObject::etag).collect(Collectors.joining());
            return StrongTag.of(
                    StrongTag.digest().digest((layout.fingerprint() + parts).getBytes(StandardCharsets.UTF_8)));
        }

        @Override
        public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
            return layout.bytes(position, count, this::payload, buffers);
        }

        /** Headers from the heap, objects from file to socket. */
        @Override
        public @Nullable Mono<Void> send(ServerHttpResponse response, long position, long count) {
            FileOutput output = FileOutput.of(response);
            return file == null || output == null
                    ? null
                    : output.writeParts(
                                    file,
                                    Flux.fromIterable(layout.slice(position, count))
                                            .concatMap(this::part, 0))
                            .onErrorMap(NoSuchFileException.class, late -> StorageProblems.of(gone(late.getFile())));
        }

        private Mono<Part> part(ArchiveSegment segment) {
            return switch (segment) {
                case ArchiveSegment.Bytes bytes -> Mono.just(new Part.Bytes(bytes.bytes()));
                case ArchiveSegment.Payload payload ->
                    opened(payload)
                            .map(content -> new Part.OfFile(
                                    Objects.requireNonNull(content.file(), "no file"),
                                    payload.offset(),
                                    payload.length()));
            };
        }

        private Flux<DataBuffer> payload(ArchiveSegment.Payload part) {
            return opened(part)
                    .flatMapMany(content -> content.bytes(part.offset(), part.length()))
                    .onErrorMap(StorageProblems::of);
        }

        private Mono<ObjectContent> opened(ArchiveSegment.Payload part) {
            String key = objects.get(part.entry()).key();
            return store.open(new ObjectKey(key))
                    .switchIfEmpty(Mono.error(() -> gone(key)))
                    .onErrorMap(StorageProblems::of);
        }

        private static StorageException gone(String key) {
            return new StorageException(StorageException.Kind.GONE, key + ": deleted while its archive was sent", null);
        }
    }
}
