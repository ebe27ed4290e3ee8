package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.http.HttpDate;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.MinimumRate;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects in a bucket of S3, or of what speaks like it. A put is one request with its length and {@code If-None-Match:
 * *}, so the store itself keeps it invisible until it is whole and refuses to replace.
 */
final class S3Store implements ObjectStore {
    private static final int MOST_WAITING = 10_000;

    private final S3AsyncClient calls;
    private final S3AsyncClient puts;
    private final String bucket;
    private final MinimumRate pace;
    private final CallerShares reads;
    private final Scheduler calling;
    private final Clock clock;

    /**
     * A store in the bucket of {@code settings}.
     *
     * @param calling where calls are prepared: finding credentials may block
     */
    S3Store(S3Connection connection, S3 settings, Scheduler calling, Clock clock) {
        this.calls = connection.calls();
        this.puts = connection.puts();
        this.bucket = settings.bucket();
        this.pace = new MinimumRate(1024, settings.attemptTimeout());
        this.reads = reads(settings.connections());
        this.calling = calling;
        this.clock = clock;
    }

    /** A quarter of the connections is for what is no read, and a quarter the most that one caller reads by. */
    private static CallerShares reads(int connections) {
        BufferBudget all =
                new BufferBudget(Math.max(1, connections - connections / 4), MOST_WAITING, Schedulers.parallel());
        return new CallerShares(all, Math.max(1, connections / 4), Schedulers.parallel());
    }

    @Override
    public Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body) {
        return Mono.defer(() -> {
            S3Body counted = new S3Body(key, object, body);
            return send(key, object, counted)
                    .doFinally(end -> counted.end())
                    .onErrorMap(failure -> counted.failure() == null ? S3Failures.of(key, failure) : counted.failure())
                    .map(answer -> new StoredObject(
                            key, object.length(), object.contentType(), object.metadata(), date(answer)));
        });
    }

    @Override
    public Mono<StoredObject> stat(ObjectKey key) {
        return call(() -> calls.headObject(head -> head.bucket(bucket).key(key.value())))
                .map(answer -> stored(key, answer))
                .onErrorResume(S3Failures::isAbsent, absent -> Mono.empty())
                .onErrorMap(failure -> S3Failures.of(key, failure));
    }

    @Override
    public Mono<ObjectContent> open(ObjectKey key) {
        return stat(key).map(object -> new S3Content(object, calls, bucket, pace, reads, calling));
    }

    @Override
    public Mono<Void> delete(ObjectKey key) {
        return call(() -> calls.deleteObject(delete -> delete.bucket(bucket).key(key.value())))
                .onErrorResume(S3Failures::isAbsent, absent -> Mono.empty())
                .onErrorMap(failure -> S3Failures.of(key, failure))
                .then();
    }

    @Override
    public Flux<ObjectStore.Summary> list(String prefix) {
        return Flux.defer(() ->
                        calls.listObjectsV2Paginator(list -> list.bucket(bucket).prefix(prefix)))
                .subscribeOn(calling)
                .concatMapIterable(page -> page.contents(), 1)
                .filter(object -> ObjectKey.isValid(object.key()))
                .map(S3Store::listed)
                .onErrorMap(failure -> S3Failures.of("list " + prefix, failure));
    }

    /** Fails unless the bucket is there and may be used. */
    Mono<Void> probe() {
        return call(() -> calls.headBucket(head -> head.bucket(bucket)))
                .onErrorMap(failure -> S3Failures.of("bucket " + bucket, failure))
                .then();
    }

    private PutObjectRequest request(ObjectKey key, NewObject object) {
        return PutObjectRequest.builder()
                .bucket(bucket)
                .key(key.value())
                .contentLength(object.length())
                .contentType(object.contentType())
                .metadata(object.metadata())
                .ifNoneMatch("*")
                .build();
    }

    private Mono<PutObjectResponse> send(ObjectKey key, NewObject object, S3Body body) {
        PutObjectRequest request = request(key, object);
        if (object.length() == 0) {
            // The SDK would not even look at it.
            return body.exact().then(call(() -> puts.putObject(request, AsyncRequestBody.empty())));
        }
        return call(() -> puts.putObject(request, body));
    }

    private <T> Mono<T> call(Supplier<CompletableFuture<T>> request) {
        return Mono.fromFuture(request).subscribeOn(calling);
    }

    private static StoredObject stored(ObjectKey key, HeadObjectResponse answer) {
        return new StoredObject(
                key,
                Objects.requireNonNullElse(answer.contentLength(), 0L),
                Objects.requireNonNullElse(answer.contentType(), "application/octet-stream"),
                answer.metadata(),
                answer.lastModified());
    }

    private static ObjectStore.Summary listed(S3Object object) {
        return new ObjectStore.Summary(new ObjectKey(object.key()), object.size(), object.lastModified());
    }

    /** When the store says it is; only its answer to a HEAD would tell the time of the object. */
    private Instant date(PutObjectResponse answer) {
        return answer.sdkHttpResponse()
                .firstMatchingHeader("Date")
                .map(HttpDate::parse)
                .orElseGet(clock::instant);
    }
}
