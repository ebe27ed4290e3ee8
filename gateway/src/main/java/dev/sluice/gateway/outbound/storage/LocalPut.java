package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * One object on its way into a local store. Its steps run on one worker, one after the other, so that what ends a put
 * that failed or was cancelled comes after the step that was under way then.
 */
final class LocalPut {
    private static final Logger LOG = LoggerFactory.getLogger(LocalPut.class);

    private final LocalLayout directory;
    private final ObjectKey key;
    private final NewObject object;
    private final FileOpener files;
    private final Scheduler steps;

    // Touched by the steps alone.
    private @Nullable Path written;
    private @Nullable FileChannel content;
    private long count;
    private boolean published;

    /** Makes the file that bytes go to. */
    @FunctionalInterface
    interface FileOpener {
        FileChannel create(Path file) throws IOException;
    }

    LocalPut(LocalLayout directory, ObjectKey key, NewObject object, FileOpener files, Scheduler disk) {
        this.directory = directory;
        this.key = key;
        this.object = object;
        this.files = files;
        this.steps = Schedulers.single(disk);
    }

    /** Writes the body and makes it visible. Errors of {@code body} pass through. */
    Mono<StoredObject> receive(Flux<DataBuffer> body) {
        return this.<Void>step(this::begin)
                .then(SequentialWriter.write(body, this::append, steps, this::failure))
                .then(Mono.defer(() -> step(this::finish)));
    }

    /** Ends it when it has succeeded. */
    Mono<Void> close() {
        return Mono.fromRunnable(steps::dispose);
    }

    /** Ends it when it has failed: nothing stays, not even a finished object whose completion was not signalled. */
    Mono<Void> undo() {
        return Mono.<Void>fromRunnable(this::remove).subscribeOn(steps).doFinally(end -> steps.dispose());
    }

    /** Only what a step itself does wrong is the store's failure. */
    private <T> Mono<T> step(Callable<@Nullable T> work) {
        return Mono.<T>fromCallable(work).subscribeOn(steps).onErrorMap(this::failure);
    }

    private Throwable failure(Throwable of) {
        return LocalFailures.of(key, of);
    }

    private @Nullable Void begin() throws IOException {
        if (directory.locate(key) != null) {
            throw LocalLayout.exists(key, null);
        }
        Path made = Files.createDirectory(directory.staging().next());
        written = made;
        content = files.create(LocalLayout.content(made));
        return null;
    }

    private void append(DataBuffer buffer) throws IOException {
        FileChannel channel = Objects.requireNonNull(content);
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            count += buffer.readableByteCount();
            if (count > object.length()) {
                throw mismatch("more");
            }
            while (parts.hasNext()) {
                ByteBuffer part = parts.next();
                while (part.hasRemaining()) {
                    channel.write(part);
                }
            }
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    private StoredObject finish() throws IOException {
        FileChannel channel = content;
        Path made = written;
        if (channel == null || made == null) {
            throw new IOException("not begun");
        }
        if (count < object.length()) {
            throw mismatch("only " + count);
        }
        channel.force(true);
        channel.close();
        directory.publish(made, new LocalMetadata(object.contentType(), object.metadata()), key);
        published = true;
        directory.forceNames(key);
        StoredObject stored = directory.find(key);
        if (stored == null) {
            throw new StorageException(Kind.GONE, key + ": deleted as it was put");
        }
        return stored;
    }

    private StorageException mismatch(String came) {
        return new StorageException(
                Kind.LENGTH_MISMATCH, key + ": announced with " + object.length() + " bytes, came with " + came);
    }

    private void remove() {
        try {
            if (content != null) {
                content.close();
            }
            if (written != null) {
                WorkDirectory.remove(written);
            }
            if (published) {
                directory.remove(key);
            }
        } catch (IOException | StorageException failed) {
            LOG.warn(
                    "{}: what was left of a put is not removed before the next start: {}", key, FailureLine.of(failed));
        }
    }
}
