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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
 * *}, so the store itself keeps it invisible until it is whole and refuses to replace. What it then has is compared
 * with what was sent: by the entity tag if that is the MD5 of the bytes, as Amazon's is without a key of KMS, else by
 * asking for the length of the object with that tag.
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
                    .flatMap(answer -> verified(key, object, counted, answer))
                    .doFinally(end -> counted.end())
                    .onErrorMap(failure -> counted.failure() == null ? S3Failures.of(key, failure) : counted.failure())
                    .map(answer -> new StoredObject(
                            key, object.length(), object.contentType(), object.metadata(), date(answer)));
        });
    }

    @Override
    public Mono<StoredObject> stat(ObjectKey key) {
        return head(key)
                .map(answer -> stored(key, answer))
                .onErrorResume(S3Failures::isAbsent, absent -> emptyIfBucketIsThere())
                .onErrorMap(failure -> S3Failures.of(key, failure));
    }

    @Override
    public Mono<ObjectContent> open(ObjectKey key) {
        return stat(key).map(object -> new S3Content(object, calls, bucket, pace, reads, calling));
    }

    @Override
    public Mono<Void> delete(ObjectKey key) {
        return call(() -> calls.deleteObject(delete -> delete.bucket(bucket).key(key.value())))
                .then()
                .onErrorResume(S3Failures::isAbsent, absent -> emptyIfBucketIsThere())
                .onErrorMap(failure -> S3Failures.of(key, failure));
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
                .onErrorMap(failure -> S3Failures.ofBucket(bucket, failure))
                .then();
    }

    /**
     * Fails unless the bucket's objects may be listed; unlike {@link #probe}, in words, which an answer to a HEAD has
     * none of.
     */
    Mono<Void> listOne() {
        return call(() -> calls.listObjectsV2(list -> list.bucket(bucket).maxKeys(1)))
                .onErrorMap(failure -> S3Failures.ofBucket(bucket, failure))
                .then();
    }

    /** An object that is not there says nothing if its bucket is not there either. */
    private <T> Mono<T> emptyIfBucketIsThere() {
        return probe().onErrorResume(S3Store::isRefusal, hidden -> Mono.empty()).then(Mono.empty());
    }

    /** Who may ask for objects and not for the bucket has been told of an object, so there is a bucket. */
    private static boolean isRefusal(Throwable failure) {
        return failure instanceof StorageException known && known.kind() == StorageException.Kind.REFUSED;
    }

    private Mono<HeadObjectResponse> head(ObjectKey key) {
        return call(() -> calls.headObject(head -> head.bucket(bucket).key(key.value())));
    }

    /** The answer, if it is about all of the bytes that were sent; else what is there of them is removed. */
    private Mono<PutObjectResponse> verified(ObjectKey key, NewObject object, S3Body sent, PutObjectResponse answer) {
        String etag = opaque(answer.eTag());
        if (sent.etag().equals(etag)) {
            return Mono.just(answer);
        }
        return head(key)
                .map(there ->
                        isAsSent(object, etag, there) ? "" : there.contentLength() + " bytes with ETag " + there.eTag())
                .onErrorResume(S3Failures::isAbsent, absent -> Mono.just("nothing"))
                .flatMap(other -> other.isEmpty() ? Mono.just(answer) : notAsSent(key, object, answer, other));
    }

    private static boolean isAsSent(NewObject object, String etag, HeadObjectResponse there) {
        return Objects.equals(there.contentLength(), object.length())
                && (etag.isEmpty() || etag.equals(opaque(there.eTag())));
    }

    private Mono<PutObjectResponse> notAsSent(ObjectKey key, NewObject object, PutObjectResponse answer, String other) {
        StorageException broken = new StorageException(
                StorageException.Kind.BROKEN,
                key + ": S3 took " + object.length() + " bytes with ETag " + answer.eTag() + ", and has " + other);
        return delete(key).onErrorComplete().then(Mono.error(broken));
    }

    /** Without quotes, and without the mark of what a proxy has recoded; empty if there is none. */
    private static String opaque(@Nullable String etag) {
        if (etag == null) {
            return "";
        }
        String strong = etag.startsWith("W/") ? etag.substring(2) : etag;
        return strong.replace("\"", "");
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
            return body.exact().then(transfer(() -> puts.putObject(request, AsyncRequestBody.empty())));
        }
        return transfer(() -> puts.putObject(request, body));
    }

    /** One that is short, and has its own deadline: who leaves does not abort it, since its answer is on its way. */
    private <T> Mono<T> call(Supplier<CompletableFuture<T>> request) {
        return Mono.<T>create(sink -> {
                    AtomicBoolean left = new AtomicBoolean();
                    sink.onCancel(() -> left.set(true));
                    CompletableFuture<T> _ = request.get().whenComplete((answer, failure) -> {
                        if (left.get()) {
                            return; // A failure that nobody waits for is no line of the log.
                        }
                        if (failure == null) {
                            sink.success(answer);
                        } else {
                            sink.error(failure);
                        }
                    });
                })
                .subscribeOn(calling);
    }

    /** One that is aborted when nobody waits for it any more. */
    private <T> Mono<T> transfer(Supplier<CompletableFuture<T>> request) {
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
