package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.PresignedUploads.SignedPut;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Finds out what a store can do, by some fifteen requests under two keys of its own, {@code probe/<random>…}, which are
 * gone afterwards. Each capability is tried by itself: what fails for another reason is left open.
 */
final class S3Probe {
    private static final String TYPE = "text/plain";
    private static final byte[] BYTES = "Sluice tries what this store can do.".getBytes(StandardCharsets.US_ASCII);
    private static final int FROM = 7;
    private static final int TO = 11;
    /** Bytes of the upload that breaks off: stores read a short one whole before they look at it. */
    private static final int LONG = 1 << 20;

    private static final Duration VALID = Duration.ofMinutes(5);
    /** For a store to notice that a client has left. */
    private static final Duration NOTICED = Duration.ofMillis(500);

    private final S3Store store;
    private final S3AsyncClient calls;
    private final PresignedUploads uploads;
    private final S3 settings;
    private final Scheduler calling;
    private final HttpClient http;

    /** @param uploads signed for the host by which the gateway reaches the store */
    S3Probe(S3Store store, S3AsyncClient calls, PresignedUploads uploads, S3 settings, Scheduler calling) {
        this.store = store;
        this.calls = calls;
        this.uploads = uploads;
        this.settings = settings;
        this.calling = calling;
        this.http = HttpClient.newConnection().responseTimeout(settings.attemptTimeout());
    }

    /**
     * Which capabilities the store has, and which it lacks; those that could not be tried are not among them.
     *
     * <p>Fails with {@link StorageException} if nothing can be stored at all.
     */
    Mono<Map<S3Capability, Boolean>> run() {
        return Mono.defer(() -> {
            String prefix = "probe/" + UUID.randomUUID();
            ObjectKey key = new ObjectKey(prefix);
            ObjectKey upload = new ObjectKey(prefix + "-upload");
            Map<S3Capability, Boolean> found = Collections.synchronizedMap(new EnumMap<>(S3Capability.class));
            return put(key).thenMany(Flux.concat(
                            noted(found, S3Capability.CREATE_ONLY, isKept(key)),
                            noted(found, S3Capability.RANGES, isPart(key)),
                            noted(
                                    found,
                                    S3Capability.LISTING,
                                    store.list(prefix).hasElements()),
                            noted(found, S3Capability.WHOLE_ONLY, isDropped(upload)),
                            noted(found, S3Capability.SIGNED_TYPE, isRefused(upload, "text/html", BYTES)),
                            noted(
                                    found,
                                    S3Capability.SIGNED_LENGTH,
                                    isRefused(upload, TYPE, Arrays.copyOf(BYTES, BYTES.length + 1)))))
                    .then(Mono.fromSupplier(() -> Map.copyOf(found)))
                    .transform(
                            probing -> Mono.usingWhen(Mono.just(key), same -> probing, same -> cleared(key, upload)));
        });
    }

    /**
     * Whether the credentials allow what the gateway does with objects, by four requests under a key of its own.
     *
     * <p>Fails with {@link StorageException}, in the store's words, if an object cannot be stored, read or deleted.
     */
    Mono<Void> access() {
        return Mono.defer(() -> {
            ObjectKey key = new ObjectKey("probe/" + UUID.randomUUID());
            // A delete comes first: where that is what is refused, nothing is left behind.
            Mono<Void> all = named("DeleteObject", store.delete(key))
                    .then(named("PutObject", put(key)))
                    .then(named("GetObject", read(key)));
            return Mono.usingWhen(
                    Mono.just(key), same -> all, same -> store.delete(same).onErrorComplete());
        });
    }

    private static <T> Mono<T> named(String operation, Mono<T> call) {
        return call.onErrorMap(
                StorageException.class,
                failure -> new StorageException(failure.kind(), operation + " " + failure.getMessage(), failure));
    }

    private Mono<Void> read(ObjectKey key) {
        return Mono.fromFuture(() -> calls.getObject(
                        get -> get.bucket(settings.bucket()).key(key.value()),
                        AsyncResponseTransformer.<GetObjectResponse>toBytes()))
                .subscribeOn(calling)
                .onErrorMap(failure -> S3Failures.of(key, failure))
                .then();
    }

    private static Mono<Void> noted(Map<S3Capability, Boolean> found, S3Capability capability, Mono<Boolean> trial) {
        return trial.doOnNext(has -> found.put(capability, has))
                .onErrorComplete()
                .then();
    }

    private Mono<Void> cleared(ObjectKey key, ObjectKey upload) {
        return Flux.just(key, upload)
                .concatMap(each -> store.delete(each).onErrorComplete())
                .then();
    }

    private Mono<StoredObject> put(ObjectKey key) {
        Flux<DataBuffer> body = Flux.defer(() -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(BYTES)));
        return store.put(key, new NewObject(TYPE, BYTES.length), body);
    }

    private Mono<Boolean> isKept(ObjectKey key) {
        return put(key).map(replaced -> false)
                .onErrorResume(
                        failure -> failure instanceof StorageException known && known.kind() == Kind.EXISTS,
                        kept -> Mono.just(true));
    }

    private Mono<Boolean> isPart(ObjectKey key) {
        return Mono.fromFuture(() -> calls.getObject(
                        get -> get.bucket(settings.bucket()).key(key.value()).range("bytes=" + FROM + "-" + (TO - 1)),
                        AsyncResponseTransformer.<GetObjectResponse>toBytes()))
                .subscribeOn(calling)
                .map(part -> Arrays.equals(part.asByteArrayUnsafe(), Arrays.copyOfRange(BYTES, FROM, TO)));
    }

    private Mono<SignedPut> signed(ObjectKey key, int length) {
        return uploads.presignPut(key, new NewObject(TYPE, length), VALID);
    }

    /** Whether an upload that differs from what was signed is refused. */
    private Mono<Boolean> isRefused(ObjectKey key, String type, byte[] bytes) {
        return signed(key, BYTES.length)
                .flatMap(put -> sending(put, type, bytes.length)
                        .send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(bytes)))
                        .response())
                .map(answer -> answer.status().code())
                .filter(status -> status < 500) // a failure tells nothing
                .map(status -> status >= 400);
    }

    /** Whether half of an upload leaves nothing behind. */
    private Mono<Boolean> isDropped(ObjectKey key) {
        Flux<ByteBuf> half = Flux.defer(() -> Flux.just(Unpooled.wrappedBuffer(new byte[LONG / 2])));
        return signed(key, LONG)
                .flatMap(put -> sending(put, TYPE, LONG)
                        .send((request, out) -> out.send(half.concatWith(Mono.never()), each -> true))
                        .response()
                        // Leaving is what is tried: the connection is closed.
                        .timeout(NOTICED, Mono.empty())
                        .onErrorComplete())
                .then(Mono.delay(NOTICED))
                .then(Mono.defer(() -> store.stat(key).hasElement()))
                .map(isThere -> !isThere);
    }

    private HttpClient.RequestSender sending(SignedPut put, String type, int length) {
        return http.headers(fields -> {
                    put.headers().forEach(fields::set);
                    fields.set("content-type", type).set("content-length", length);
                })
                .put()
                .uri(put.url());
    }
}
