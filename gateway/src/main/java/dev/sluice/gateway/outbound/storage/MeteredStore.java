package dev.sluice.gateway.outbound.storage;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What can be seen of a store: {@code sluice.storage.operations}, the time of each by {@code operation} (put, stat,
 * open, read, delete, list) and {@code outcome} (ok, absent, cancelled, source_failed for a body that failed, or the
 * code of a {@link StorageException.Kind}), and whether it takes objects ({@link LastWrite}). A file that is sent
 * without this class is not seen.
 */
final class MeteredStore implements ObjectStore {
    private final ObjectStore next;
    private final MeterRegistry meters;
    private final LastWrite lastWrite;

    MeteredStore(ObjectStore next, MeterRegistry meters, LastWrite lastWrite) {
        this.next = next;
        this.meters = meters;
        this.lastWrite = lastWrite;
    }

    @Override
    public Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body) {
        return timed("put", next.put(key, object, body))
                .doOnSuccess(stored -> lastWrite.succeeded())
                .doOnError(lastWrite::failed);
    }

    @Override
    public Mono<StoredObject> stat(ObjectKey key) {
        return timed("stat", next.stat(key));
    }

    @Override
    public Mono<ObjectContent> open(ObjectKey key) {
        return timed("open", next.open(key)).map(MeteredContent::new);
    }

    @Override
    public Mono<Void> delete(ObjectKey key) {
        return timed("delete", "ok", next.delete(key));
    }

    @Override
    public Flux<ObjectStore.Summary> list(String prefix) {
        return timed("list", next.list(prefix));
    }

    private <T> Mono<T> timed(String operation, Mono<T> call) {
        return timed(operation, "absent", call);
    }

    // Counts before it signals, so that a caller that has the result finds it in the meters.
    private <T> Mono<T> timed(String operation, String nothing, Mono<T> call) {
        return Mono.defer(() -> {
            Timing timing = new Timing(operation);
            return call.doOnSuccess(result -> timing.stop(result == null ? nothing : "ok"))
                    .doOnError(timing::failed)
                    .doOnCancel(timing::cancelled);
        });
    }

    private <T> Flux<T> timed(String operation, Flux<T> call) {
        return Flux.defer(() -> {
            Timing timing = new Timing(operation);
            return call.doOnComplete(() -> timing.stop("ok"))
                    .doOnError(timing::failed)
                    .doOnCancel(timing::cancelled);
        });
    }

    private final class MeteredContent implements ObjectContent {
        private final ObjectContent content;

        MeteredContent(ObjectContent content) {
            this.content = content;
        }

        @Override
        public StoredObject object() {
            return content.object();
        }

        @Override
        public Flux<DataBuffer> bytes(long position, long count) {
            return timed("read", content.bytes(position, count));
        }

        @Override
        public @Nullable Path file() {
            return content.file();
        }
    }

    /** Of one call, whose first end counts: a caller may cancel what has ended. */
    private final class Timing {
        private final String operation;
        private final Timer.Sample sample = Timer.start(meters);
        private final AtomicBoolean stopped = new AtomicBoolean();

        Timing(String operation) {
            this.operation = operation;
        }

        void cancelled() {
            stop("cancelled");
        }

        void failed(Throwable failure) {
            stop(failure instanceof StorageException known ? known.kind().code() : "source_failed");
        }

        void stop(String outcome) {
            if (stopped.compareAndSet(false, true)) {
                sample.stop(Timer.builder("sluice.storage.operations")
                        .description("Calls of the object store, to the end of what they bring")
                        .tag("operation", operation)
                        .tag("outcome", outcome)
                        .register(meters));
            }
        }
    }
}
