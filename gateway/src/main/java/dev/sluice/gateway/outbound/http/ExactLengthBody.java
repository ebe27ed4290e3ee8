package dev.sluice.gateway.outbound.http;

import dev.sluice.zipstream.ByteLimitExceededException;
import dev.sluice.zipstream.ByteStreams;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A body of exactly the declared length. It keeps the error that ended it early, because the HTTP client reports that
 * as a broken connection.
 */
public final class ExactLengthBody {
    private final Flux<DataBuffer> body;
    private final long length;
    private volatile @Nullable Throwable failure;

    public ExactLengthBody(Flux<DataBuffer> body, long length) {
        this.body = body;
        this.length = length;
    }

    /** The same buffers, ownership included; an error instead of the first that is too many, or of an early end. */
    public Flux<DataBuffer> buffers() {
        return Flux.defer(() -> {
            AtomicLong count = new AtomicLong();
            return ByteStreams.counting(ByteStreams.capped(body, length), count::addAndGet)
                    .concatWith(Mono.defer(() -> count.get() == length ? Mono.empty() : Mono.error(wrong(count.get()))))
                    .onErrorMap(ByteLimitExceededException.class, longer -> wrong(longer.count()))
                    .doOnError(error -> failure = error);
        });
    }

    /** Why the body ended early, or null. */
    public @Nullable Throwable failure() {
        return failure;
    }

    private IllegalStateException wrong(long actual) {
        return new IllegalStateException("a body of " + actual + " bytes (expected: exactly " + length + ")");
    }
}
