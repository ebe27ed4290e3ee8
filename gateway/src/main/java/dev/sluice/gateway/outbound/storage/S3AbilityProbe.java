package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.S3Abilities.Ability;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;

/**
 * Tries what a store does, with objects of a few bytes under keys that nothing else has, and removes them. Every step
 * has a deadline: there are stores that wait for the rest of a body for ever.
 *
 * <pre>
 *   probe/&lt;id&gt;/object    put as the gateway puts, read by range, listed, put again
 *   probe/&lt;id&gt;/upload    put by a signed URL, as a client does
 *   probe/&lt;id&gt;/type      …with another type, a byte less, half of its bytes
 *   probe/&lt;id&gt;/length
 *   probe/&lt;id&gt;/cut
 * </pre>
 */
final class S3AbilityProbe {
    private static final String PREFIX = "probe/";
    private static final String TYPE = "image/png";
    private static final String OTHER_TYPE = "image/gif";
    private static final int LENGTH = 64;
    private static final int FROM = 10;
    private static final int COUNT = 20;
    /**
     * Stores that hold a small body in memory drop half of it, and may keep half of one that they write as it comes.
     */
    private static final int CUT_LENGTH = 1024 * 1024;
    /** So that a half is with the store before its client goes. */
    private static final Duration BEFORE_CUT = Duration.ofMillis(200);
    /** What a store may take to notice that a client is gone. */
    private static final Duration AFTERMATH = Duration.ofSeconds(1);
    /** Another gateway's probe is over by then, if its process is. */
    private static final Duration LEFT_BEHIND = Duration.ofHours(1);

    private final S3Store store;
    private final S3PresignedUploads uploads;
    private final SdkAsyncHttpClient http;
    private final Duration deadline;
    private final Clock clock;

    /** @param deadline of each step */
    S3AbilityProbe(S3Store store, S3PresignedUploads uploads, SdkAsyncHttpClient http, Duration deadline, Clock clock) {
        this.store = store;
        this.uploads = uploads;
        this.http = http;
        this.deadline = deadline;
        this.clock = clock;
    }

    /** What it does. Fails with a {@link StorageException} if it does not even take an object. */
    Mono<S3Abilities> run() {
        return Mono.usingWhen(
                Mono.fromSupplier(() -> new Attempt(PREFIX + UUID.randomUUID() + "/")),
                Attempt::abilities,
                Attempt::remove,
                (attempt, failure) -> attempt.remove(),
                Attempt::remove);
    }

    /** One round, under one prefix. */
    private final class Attempt {
        private final String prefix;
        private final byte[] bytes = new byte[LENGTH];
        private final Map<Ability, String> seen = new EnumMap<>(Ability.class);

        Attempt(String prefix) {
            this.prefix = prefix;
            for (int i = 0; i < LENGTH; i++) {
                bytes[i] = (byte) i;
            }
        }

        Mono<S3Abilities> abilities() {
            ObjectKey object = key("object");
            return store.put(object, picture(), Flux.defer(() -> Flux.just(wrap(bytes))))
                    .timeout(deadline, Mono.error(() -> late(object)))
                    .then(step(Ability.RANGES, range(object)))
                    .then(step(Ability.LISTS_AT_ONCE, listed(object)))
                    .then(step(Ability.ETAG_IS_MD5, store.hasMd5(object, bytes)))
                    .then(step(Ability.REPLACES_NOTHING, replacesNothing(object)))
                    .then(step(Ability.TAKES_UPLOADS, upload("upload").map(S3AbilityProbe::isTaken)))
                    .then(step(Ability.CHECKS_UPLOAD_TYPE, afterUpload(upload("type", OTHER_TYPE, LENGTH))))
                    .then(step(Ability.CHECKS_UPLOAD_LENGTH, afterUpload(upload("length", TYPE, LENGTH - 1))))
                    .then(step(Ability.DROPS_CUT_UPLOADS, dropsCut()))
                    .then(Mono.fromSupplier(() -> new S3Abilities(seen)));
        }

        private Mono<Void> step(Ability ability, Mono<Boolean> trial) {
            return trial.timeout(deadline)
                    .map(is -> is ? S3Abilities.YES : S3Abilities.NO)
                    .onErrorResume(failure -> Mono.just(S3Abilities.UNKNOWN + why(failure)))
                    .doOnNext(answer -> seen.put(ability, answer))
                    .then();
        }

        private Mono<Boolean> range(ObjectKey object) {
            return store.open(object)
                    .flatMap(content -> DataBufferUtils.join(content.bytes(FROM, COUNT)))
                    .map(part -> Arrays.equals(taken(part), Arrays.copyOfRange(bytes, FROM, FROM + COUNT)))
                    .onErrorResume(S3AbilityProbe::isBroken, whole -> Mono.just(false))
                    .defaultIfEmpty(false);
        }

        private Mono<Boolean> listed(ObjectKey object) {
            return store.list(prefix).any(there -> there.key().equals(object));
        }

        private Mono<Boolean> replacesNothing(ObjectKey object) {
            return store.put(object, picture(), Flux.defer(() -> Flux.just(wrap(new byte[LENGTH]))))
                    .map(replaced -> false)
                    .onErrorResume(S3AbilityProbe::isRefusedAsThere, kept -> Mono.just(true));
        }

        private Mono<Boolean> dropsCut() {
            ObjectKey cut = key("cut");
            Flux<ByteBuffer> half = Flux.just(ByteBuffer.wrap(new byte[CUT_LENGTH / 2]))
                    .concatWith(Mono.delay(BEFORE_CUT).then(Mono.error(CutOffException::new)));
            return afterUpload(send(cut, TYPE, CUT_LENGTH, CUT_LENGTH, half)
                            .onErrorResume(gone -> Mono.just(0))
                            .timeout(deadline.dividedBy(2), Mono.just(0)))
                    .then(Mono.delay(AFTERMATH))
                    .then(store.stat(cut).hasElement())
                    .map(isThere -> !isThere);
        }

        private Mono<Integer> upload(String name) {
            return upload(name, TYPE, LENGTH);
        }

        private Mono<Integer> upload(String name, String type, int length) {
            return send(key(name), type, LENGTH, length, Flux.just(ByteBuffer.wrap(bytes, 0, length)));
        }

        private Mono<Integer> send(ObjectKey key, String type, int announced, int length, Flux<ByteBuffer> body) {
            NewObject object = new NewObject(TYPE, announced);
            return uploads.presignPut(key, object, Duration.ofMinutes(1)).flatMap(signed -> {
                Map<String, String> headers = new HashMap<>(signed.headers());
                headers.put("content-type", type);
                headers.remove("content-length");
                return new S3Upload(signed, headers, length, body).send(http);
            });
        }

        /** A store that takes no upload at all shows nothing by refusing one. */
        private Mono<Boolean> afterUpload(Mono<Integer> status) {
            return Mono.defer(() -> S3Abilities.YES.equals(seen.get(Ability.TAKES_UPLOADS))
                    ? status.map(answer -> !isTaken(answer))
                    : Mono.error(() -> new IllegalStateException("no upload is taken")));
        }

        /** These, and what an earlier probe left whose process died. Never fails. */
        Mono<Void> remove() {
            Instant before = clock.instant().minus(LEFT_BEHIND);
            return Flux.just("object", "upload", "type", "length", "cut")
                    .map(this::key)
                    .concatWith(store.list(PREFIX)
                            .filter(there -> there.lastModified().isBefore(before))
                            .map(ObjectStore.Summary::key))
                    .concatMap(left -> store.delete(left).timeout(deadline).onErrorComplete(), 1)
                    .onErrorComplete()
                    .then();
        }

        private ObjectKey key(String name) {
            return new ObjectKey(prefix + name);
        }
    }

    private static NewObject picture() {
        return new NewObject(TYPE, LENGTH);
    }

    private static DataBuffer wrap(byte[] bytes) {
        return DefaultDataBufferFactory.sharedInstance.wrap(bytes);
    }

    private static byte[] taken(DataBuffer part) {
        try {
            byte[] bytes = new byte[part.readableByteCount()];
            part.read(bytes);
            return bytes;
        } finally {
            DataBufferUtils.release(part);
        }
    }

    private StorageException late(ObjectKey key) {
        return new StorageException(Kind.UNAVAILABLE, key + ": not stored within " + deadline);
    }

    private static String why(Throwable failure) {
        return failure instanceof TimeoutException ? "no answer in time" : String.valueOf(failure.getMessage());
    }

    private static boolean isTaken(int status) {
        return status >= 200 && status < 300;
    }

    private static boolean isBroken(Throwable failure) {
        return isOf(Kind.BROKEN, failure);
    }

    private static boolean isRefusedAsThere(Throwable failure) {
        return isOf(Kind.EXISTS, failure);
    }

    private static boolean isOf(Kind kind, Throwable failure) {
        return failure instanceof StorageException known && known.kind() == kind;
    }

    /** The client goes in the midst of its body. */
    private static final class CutOffException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        CutOffException() {
            super("cut off", null, false, false);
        }
    }
}
