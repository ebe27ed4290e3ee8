package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import software.amazon.awssdk.core.async.AsyncRequestBody;

/**
 * A body that has exactly its length, or fails. The SDK stops listening once it has as many bytes as were announced,
 * and would store the beginning of a longer body; so the buffer that makes it whole is held back until the body has
 * ended. Buffers are copied, as the SDK does not say when it has sent one, and digested as they are.
 */
final class S3Body implements AsyncRequestBody {
    private final ObjectKey key;
    private final NewObject object;
    private final Flux<DataBuffer> source;
    private final AtomicReference<@Nullable Subscription> subscription = new AtomicReference<>();
    private volatile @Nullable Throwable failure;
    private volatile boolean ended;

    // Touched by the one subscription alone.
    private final MessageDigest digest = md5();
    private long count;
    private @Nullable ByteBuffer last;

    S3Body(ObjectKey key, NewObject object, Flux<DataBuffer> source) {
        this.key = key;
        this.object = object;
        this.source = source;
    }

    @Override
    public Optional<Long> contentLength() {
        return Optional.of(object.length());
    }

    @Override
    public String contentType() {
        return object.contentType();
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
        exact().subscribe(subscriber);
    }

    /** What the body did wrong, or null; then it was not the store. */
    @Nullable Throwable failure() {
        return failure;
    }

    /** The MD5 of the whole body in hexadecimal, once it has come: the entity tag that most stores give it. */
    String etag() {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** That of these bytes. */
    static String etag(byte[] bytes) {
        return HexFormat.of().formatHex(md5().digest(bytes));
    }

    /** The call is over: nobody will ask for the rest. */
    void end() {
        ended = true;
        Subscription running = subscription.get();
        if (running != null) {
            running.cancel();
        }
    }

    /** The whole body as the SDK is to see it; for one subscription. */
    Flux<ByteBuffer> exact() {
        return source.doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .doOnSubscribe(this::begin)
                .map(S3Body::copy)
                .handle(this::measure)
                .concatWith(Mono.fromCallable(this::last))
                .doOnError(error -> failure = error);
    }

    private void begin(Subscription running) {
        if (!subscription.compareAndSet(null, running)) {
            throw new IllegalStateException(key + ": a body comes only once");
        }
        if (ended) {
            throw new CancellationException();
        }
    }

    private static ByteBuffer copy(DataBuffer buffer) {
        try {
            ByteBuffer copy = ByteBuffer.allocate(buffer.readableByteCount());
            buffer.toByteBuffer(copy);
            return copy;
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    private void measure(ByteBuffer part, SynchronousSink<ByteBuffer> sink) {
        count += part.remaining();
        digest.update(part.duplicate());
        if (count > object.length()) {
            sink.error(mismatch("more"));
        } else if (count < object.length()) {
            sink.next(part);
        } else if (part.hasRemaining()) {
            last = part;
        }
    }

    private @Nullable ByteBuffer last() {
        if (count < object.length()) {
            throw mismatch("only " + count);
        }
        return last;
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }

    private StorageException mismatch(String came) {
        return new StorageException(
                Kind.LENGTH_MISMATCH, key + ": announced with " + object.length() + " bytes, came with " + came);
    }
}
