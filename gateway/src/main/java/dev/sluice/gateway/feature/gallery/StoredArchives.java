package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.archive.SeekableArchive;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ImageScope;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.EntryHeader;
import dev.sluice.zipstream.EntryNames;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Stored images as archives of which every byte is known beforehand: size and CRC-32 of each object stand in its row.
 */
final class StoredArchives {
    private final Images images;
    private final ObjectStore store;

    StoredArchives(Images images, ObjectStore store) {
        this.images = images;
        this.store = store;
    }

    /** An archive of all {@code ids}, in their order, each once. Fails with {@code not_found} or {@code conflict}. */
    Mono<SeekableArchive> of(List<UUID> ids, ImageScope scope) {
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
            List<ImageObject> objects =
                    found.stream().map(StoredArchives::object).toList();
            return store.open(new ObjectKey(objects.getFirst().key()))
                    .mapNotNull(ObjectContent::file)
                    .map(file -> archive(found, objects, file))
                    .switchIfEmpty(Mono.fromSupplier(() -> archive(found, objects, null)));
        });
    }

    private static ImageObject object(Image image) {
        ImageObject object = image.object();
        if (object == null) {
            throw new GatewayException(
                    ProblemCode.CONFLICT,
                    "Image " + image.id() + ": " + image.status().code()
                            + " without a file (expected: one that is stored)");
        }
        return object;
    }

    /** @param file of one of the objects, if the store's objects are files */
    private SeekableArchive archive(List<Image> found, List<ImageObject> objects, @Nullable Path file) {
        EntryNames names = new EntryNames();
        List<SeekableArchive.Entry> entries = new ArrayList<>();
        for (int index = 0; index < found.size(); index++) {
            Image image = found.get(index);
            ImageObject object = objects.get(index);
            EntryHeader header = new EntryHeader(
                    FileNames.claim(names, image, object.key()),
                    object.size(),
                    object.crc32(),
                    Objects.requireNonNullElse(image.completedAt(), image.createdAt()));
            entries.add(new SeekableArchive.Entry(header, object.etag()));
        }
        return SeekableArchive.of(entries, new StoredObjects(store, objects), file);
    }

    /** The store's objects. */
    private record StoredObjects(ObjectStore store, List<ImageObject> objects) implements SeekableArchive.Source {
        @Override
        public Mono<SeekableArchive.Content> open(int entry) {
            String key = objects.get(entry).key();
            return store.open(new ObjectKey(key))
                    .switchIfEmpty(Mono.error(() -> gone(key)))
                    .<SeekableArchive.Content>map(Opened::new)
                    .onErrorMap(StorageProblems::of);
        }

        @Override
        public Throwable explained(Throwable failure) {
            return failure instanceof NoSuchFileException late ? StorageProblems.of(gone(late.getFile())) : failure;
        }

        private static StorageException gone(String key) {
            return new StorageException(StorageException.Kind.GONE, key + ": deleted while its archive was sent", null);
        }
    }

    /** An object of the store. */
    private record Opened(ObjectContent content) implements SeekableArchive.Content {
        @Override
        public @Nullable Path file() {
            return content.file();
        }

        @Override
        public long offset() {
            return 0;
        }

        @Override
        public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
            return content.bytes(position, count).onErrorMap(StorageProblems::of);
        }
    }
}
