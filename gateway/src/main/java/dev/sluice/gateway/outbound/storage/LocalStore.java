package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.gateway.outbound.storage.LocalPut.FileOpener;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/** Objects as files of one directory; {@link LocalLayout} shows how. */
final class LocalStore implements ObjectStore {
    private final LocalLayout directory;
    private final Scheduler disk;
    private final DataBufferFactory buffers;
    private final FileOpener files;

    /**
     * A store in {@code directory}.
     *
     * @param disk where blocking is allowed
     * @param buffers makes the buffers that are read into
     */
    LocalStore(LocalLayout directory, Scheduler disk, DataBufferFactory buffers) {
        this(
                directory,
                disk,
                buffers,
                file -> FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    LocalStore(LocalLayout directory, Scheduler disk, DataBufferFactory buffers, FileOpener files) {
        this.directory = directory;
        this.disk = disk;
        this.buffers = buffers;
        this.files = files;
    }

    @Override
    public Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body) {
        return Mono.usingWhen(
                Mono.fromSupplier(() -> new LocalPut(directory, key, object, files, disk)),
                put -> put.receive(body),
                LocalPut::close,
                (put, failure) -> put.undo(),
                LocalPut::undo);
    }

    @Override
    public Mono<StoredObject> stat(ObjectKey key) {
        return onDisk(key, () -> directory.find(key));
    }

    @Override
    public Mono<ObjectContent> open(ObjectKey key) {
        return onDisk(key, () -> {
            StoredObject object = directory.find(key);
            Path place = directory.locate(key);
            return object == null || place == null
                    ? null
                    : new LocalContent(object, LocalLayout.content(place), disk, buffers);
        });
    }

    @Override
    public Mono<Void> delete(ObjectKey key) {
        return onDisk(key, () -> {
            directory.remove(key);
            return null;
        });
    }

    @Override
    public Flux<ObjectStore.Summary> list(String prefix) {
        return Flux.<ObjectStore.Summary, LocalListing>generate(
                        () -> new LocalListing(directory.objects(), prefix), LocalStore::listNext)
                .subscribeOn(disk)
                .onErrorMap(failure -> LocalFailures.of("list " + prefix, failure));
    }

    /** Fails unless objects have a place, and a file can be written. */
    Mono<Void> probe() {
        return onDisk("health", () -> {
            directory.checkIsThere();
            Path file = directory.staging().next();
            new LocalMetadata("text/plain", Map.of()).write(file);
            WorkDirectory.remove(file);
            return null;
        });
    }

    private static LocalListing listNext(LocalListing listing, SynchronousSink<ObjectStore.Summary> sink) {
        try {
            ObjectStore.Summary next = listing.next();
            if (next == null) {
                sink.complete();
            } else {
                sink.next(next);
            }
        } catch (IOException failed) {
            sink.error(failed);
        }
        return listing;
    }

    private <T> Mono<T> onDisk(Object subject, Callable<@Nullable T> work) {
        return Mono.<T>fromCallable(work).subscribeOn(disk).onErrorMap(failure -> LocalFailures.of(subject, failure));
    }
}
