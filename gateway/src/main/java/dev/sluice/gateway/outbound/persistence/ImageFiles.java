package dev.sluice.gateway.outbound.persistence;

import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
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
 * Stores checked files as images, each under a key that nobody else can write: the key is announced, the object is put,
 * one transaction commits the row that names the key.
 */
public final class ImageFiles {
    private static final int READ_BYTES = 64 * 1024;

    private final ObjectStore store;
    private final ObjectWrites objects;
    private final Clock clock;
    private final DataBufferFactory buffers;

    /**
     * Of one store.
     *
     * @param buffers what a file is read into
     */
    public ImageFiles(ObjectStore store, ObjectWrites objects, Clock clock, DataBufferFactory buffers) {
        this.store = store;
        this.objects = objects;
        this.clock = clock;
        this.buffers = buffers;
    }

    /**
     * Stores a file and runs {@code row}, which names its object. If that fails, is cancelled or completes empty, the
     * object is deleted. The file has to stay until this ends. Fails with
     * {@link dev.sluice.gateway.outbound.database.image.QuotaExceededException.OfStorage} before anything is stored.
     *
     * @param metadata what the store keeps beside the object
     * @param mode whether the owner's quota is enforced, or was checked before
     * @param row one transaction, which consumes the key's intent
     */
    public <T> Mono<T> put(
            UUID imageId,
            String owner,
            ReceivedFile file,
            Map<String, String> metadata,
            QuotaMode mode,
            Function<ImageObject, Mono<T>> row) {
        return Mono.defer(() -> {
            // Never the image's id: each attempt has its own key, so that a late one overwrites nothing.
            ObjectKey key = ObjectKey.image(
                    owner,
                    clock.instant(),
                    UUID.randomUUID(),
                    file.picture().type().extension());
            List<ObjectIntents.Announced> announced = List.of(new ObjectIntents.Announced(key.value(), file.size()));
            return objects.run(
                    owner,
                    announced,
                    imageId,
                    mode,
                    () -> stored(key, file, metadata).flatMap(row));
        });
    }

    private Mono<ImageObject> stored(ObjectKey key, ReceivedFile file, Map<String, String> metadata) {
        String type = file.picture().type().mediaType();
        Flux<DataBuffer> bytes = DataBufferUtils.read(file.file(), buffers, READ_BYTES);
        return store.put(key, new NewObject(type, file.size(), metadata), bytes)
                .thenReturn(new ImageObject(
                        key.value(),
                        type,
                        file.size(),
                        file.crc32(),
                        file.etag(),
                        file.picture().width(),
                        file.picture().height()));
    }
}
