package dev.sluice.gateway.outbound.custody;

import dev.sluice.gateway.outbound.database.AnnouncedObject;
import dev.sluice.gateway.outbound.database.ObjectIntents.Room;
import dev.sluice.gateway.outbound.database.StoredObject;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Puts files that were checked into the store as images, each under a key that nobody else can write: a key is
 * announced, the object is put, one transaction makes a row name the key.
 */
public final class ImageFiles {
    private static final int READ_BYTES = 64 * 1024;

    private final ObjectStore store;
    private final AnnouncedObjects objects;
    private final Clock clock;
    private final DataBufferFactory buffers;

    /**
     * Those of one store.
     *
     * @param buffers what a file is read into
     */
    public ImageFiles(ObjectStore store, AnnouncedObjects objects, Clock clock, DataBufferFactory buffers) {
        this.store = store;
        this.objects = objects;
        this.clock = clock;
        this.buffers = buffers;
    }

    /**
     * Stores a file and has {@code row} name its object. When that fails, is given up or comes back empty, the object
     * is removed again. The file has to stay until this ends. Fails with
     * {@link dev.sluice.gateway.outbound.database.StorageQuotaException} before anything is stored.
     *
     * @param metadata what the store keeps beside the object
     * @param room whether there must be room in the owner's quota, or was promised before
     * @param row one transaction, which redeems the key's intent
     */
    public <T> Mono<T> put(
            UUID imageId,
            String owner,
            ReceivedFile file,
            Map<String, String> metadata,
            Room room,
            Function<StoredObject, Mono<T>> row) {
        return Mono.defer(() -> {
            // Never the image's id: another attempt has another key, so that one that comes too late overwrites
            // nothing.
            ObjectKey key = ObjectKey.image(
                    owner,
                    clock.instant(),
                    UUID.randomUUID(),
                    file.picture().type().extension());
            List<AnnouncedObject> announced = List.of(new AnnouncedObject(key.value(), file.size()));
            return objects.named(
                    owner,
                    announced,
                    imageId,
                    room,
                    () -> placed(key, file, metadata).flatMap(row));
        });
    }

    private Mono<StoredObject> placed(ObjectKey key, ReceivedFile file, Map<String, String> metadata) {
        String type = file.picture().type().mediaType();
        Flux<DataBuffer> bytes = DataBufferUtils.read(file.file(), buffers, READ_BYTES);
        return store.put(key, new NewObject(type, file.size(), metadata), bytes)
                .thenReturn(new StoredObject(
                        key.value(),
                        type,
                        file.size(),
                        file.crc32(),
                        file.etag(),
                        file.picture().width(),
                        file.picture().height()));
    }
}
