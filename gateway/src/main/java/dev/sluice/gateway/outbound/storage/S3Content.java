package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.MinimumRate;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.ResponsePublisher;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * The bytes of an object in a bucket. The SDK brings them on the heap, so no buffer can be lost.
 *
 * @param pace what the store must keep up while a reader waits
 * @param reads the callers' shares of connections to read by: a slow reader keeps one for as long
 * @param calling where a call is prepared, which may block
 */
record S3Content(
        StoredObject object, S3AsyncClient s3, String bucket, MinimumRate pace, CallerShares reads, Scheduler calling)
        implements ObjectContent {

    @Override
    public Flux<DataBuffer> bytes(long position, long count) {
        Objects.checkFromIndexSize(position, count, object.length());
        if (count == 0) {
            return Flux.empty();
        }
        Flux<DataBuffer> body = answer("bytes=" + position + "-" + (position + count - 1))
                .subscribeOn(calling)
                .doOnDiscard(ResponsePublisher.class, S3Content::abort)
                .flatMapMany(answer -> exactly(answer, count));
        Flux<DataBuffer> timed = ByteStreams.withMinimumRate(body, pace, Schedulers.parallel());
        return Flux.usingWhen(
                        reads.reserve(1, pace.grace()), place -> timed, place -> Mono.fromRunnable(place::release))
                .onErrorMap(BudgetExhaustedException.class, this::tooMany)
                .onErrorMap(failure -> S3Failures.of(object.key(), failure));
    }

    private Mono<ResponsePublisher<GetObjectResponse>> answer(String range) {
        return Mono.create(sink -> {
            Opening opening = new Opening();
            CompletableFuture<ResponsePublisher<GetObjectResponse>> call = s3.getObject(
                    get -> get.bucket(bucket).key(object.key().value()).range(range), opening);
            sink.onCancel(() -> {
                call.cancel(true);
                opening.abandon();
            });
            var _ = call.whenComplete((answer, failure) -> {
                if (failure == null) {
                    sink.success(answer);
                } else {
                    sink.error(failure);
                }
            });
        });
    }

    private StorageException tooMany(Throwable full) {
        return new StorageException(Kind.UNAVAILABLE, object.key() + ": too much is being read", full);
    }

    @Override
    public @Nullable Path file() {
        return null;
    }

    /** A store that does not know ranges answers with everything. */
    private Flux<DataBuffer> exactly(ResponsePublisher<GetObjectResponse> answer, long count) {
        Long length = answer.response().contentLength();
        if (length == null || length != count) {
            abort(answer);
            return Flux.error(new StorageException(
                    Kind.BROKEN, object.key() + ": S3 answered with " + length + " bytes, not " + count));
        }
        return Flux.from(answer).map(S3Content::wrap);
    }

    private static DataBuffer wrap(ByteBuffer bytes) {
        return DefaultDataBufferFactory.sharedInstance.wrap(bytes);
    }

    /** Releases the connection and what has come by it; the SDK waits for a subscriber otherwise. */
    private static void abort(ResponsePublisher<?> answer) {
        Flux.from(answer).subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                cancel();
            }
        });
    }

    /**
     * Knows the answer of a call that was cancelled as it came: a future that is cancelled is not given it. And it ends
     * a body that the store breaks off: the SDK tells its transformer of that, and not who reads the body.
     */
    private static final class Opening
            implements AsyncResponseTransformer<GetObjectResponse, ResponsePublisher<GetObjectResponse>> {
        private final AsyncResponseTransformer<GetObjectResponse, ResponsePublisher<GetObjectResponse>> publisher =
                AsyncResponseTransformer.toPublisher();

        private final AtomicReference<@Nullable CompletableFuture<ResponsePublisher<GetObjectResponse>>> opened =
                new AtomicReference<>();

        /** The body that is being read; null while there is none. */
        private final AtomicReference<@Nullable Reading> reading = new AtomicReference<>();

        void abandon() {
            CompletableFuture<ResponsePublisher<GetObjectResponse>> answer = opened.get();
            if (answer != null) {
                var _ = answer.thenAccept(S3Content::abort);
            }
        }

        @Override
        public CompletableFuture<ResponsePublisher<GetObjectResponse>> prepare() {
            CompletableFuture<ResponsePublisher<GetObjectResponse>> answer = publisher.prepare();
            opened.set(answer);
            return answer;
        }

        @Override
        public void onResponse(GetObjectResponse response) {
            publisher.onResponse(response);
        }

        @Override
        public void onStream(SdkPublisher<ByteBuffer> bytes) {
            Reading body = new Reading();
            reading.set(body);
            // Before the SDK hears that its reader has left, which it calls a failure too.
            publisher.onStream(SdkPublisher.adapt(body.of(bytes, () -> reading.set(null))));
        }

        @Override
        public void exceptionOccurred(Throwable error) {
            publisher.exceptionOccurred(error);
            Reading body = reading.getAndSet(null);
            if (body != null) {
                body.end(error);
            }
        }
    }

    /** A body and the way to end it from outside. */
    private static final class Reading {
        private final Sinks.Empty<ByteBuffer> broken = Sinks.empty();
        private volatile @Nullable Subscription source;

        Flux<ByteBuffer> of(SdkPublisher<ByteBuffer> bytes, Runnable left) {
            return Flux.from(bytes)
                    .doOnCancel(left)
                    .doOnSubscribe(subscription -> source = subscription)
                    .takeUntilOther(broken.asMono());
        }

        /** The reader gets the error; what the SDK still holds for it is released. */
        void end(Throwable error) {
            broken.tryEmitError(error);
            Subscription sdk = source;
            if (sdk != null) {
                sdk.cancel();
            }
        }
    }
}
