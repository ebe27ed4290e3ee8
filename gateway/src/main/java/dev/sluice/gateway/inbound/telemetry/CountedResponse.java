package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.contract.http.FileSlice;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.SslHandler;
import io.opentelemetry.api.trace.Span;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.ZeroCopyHttpOutputMessage;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.NettyOutbound;
import reactor.netty.channel.AbortedException;
import reactor.netty.http.server.HttpServerResponse;

/**
 * A response that adds the bytes of its body to the account of its exchange. Files still go out without the heap.
 *
 * <p>A body whose length the client knows is settled before its last piece: the client has its answer before the
 * exchange ends, and may ask again at once. Where the end is told by the transfer coding it is sent after the exchange
 * ends, so that nothing is needed here. A single file ({@link #writeFile}) is settled at the exchange's end: no slot is
 * held for one.
 */
final class CountedResponse extends ServerHttpResponseDecorator implements FileOutput {
    private @Nullable ServerWebExchange exchange;
    private @Nullable RequestContext context;
    private volatile boolean clientLeft;
    private @Nullable Span trace;

    CountedResponse(ServerHttpResponse response) {
        super(response);
    }

    /** From now on bytes are added to the account of {@code counted}. */
    void countFor(ServerWebExchange counted) {
        exchange = counted;
        context = RequestContext.of(counted);
        if (trace != null) {
            context.trace(trace.getSpanContext().getTraceId());
        }
    }

    /** This is the span of its request. */
    void trace(Span span) {
        trace = span;
    }

    /** The span of its request, if it has one. */
    @Nullable Span trace() {
        return trace;
    }

    /** The exchange, once there is one. */
    @Nullable ServerWebExchange exchange() {
        return exchange;
    }

    @Override
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
        // Spring writes a Mono in one go, with its length.
        return watched(super.writeWith(
                body instanceof Mono<? extends DataBuffer> one
                        ? onceSettled(one.doOnNext(this::count))
                        : lastOnceSettled(Flux.<DataBuffer>from(body).doOnNext(this::count))));
    }

    private Mono<? extends DataBuffer> onceSettled(Mono<? extends DataBuffer> counted) {
        Mono<Void> settlement = settlement();
        return settlement == null
                ? counted
                : counted.flatMap(buffer -> {
                    AtomicBoolean isTaken = new AtomicBoolean();
                    return settlement
                            .then(Mono.<DataBuffer>fromSupplier(
                                    () -> isTaken.compareAndSet(false, true) ? buffer : null))
                            .doOnCancel(() -> {
                                if (isTaken.compareAndSet(false, true)) {
                                    DataBufferUtils.release(buffer);
                                }
                            });
                });
    }

    /** Holds back the buffer with the last byte of a body of known length, and releases it if nobody takes it. */
    private Flux<DataBuffer> lastOnceSettled(Flux<DataBuffer> counted) {
        return Flux.defer(() -> {
            Mono<Void> settlement = settlement();
            long length = getHeaders().getContentLength();
            return settlement == null || length < 0 ? counted : lastOnceSettled(counted, length, settlement);
        });
    }

    private static Flux<DataBuffer> lastOnceSettled(Flux<DataBuffer> counted, long length, Mono<Void> settlement) {
        AtomicLong left = new AtomicLong(length);
        AtomicReference<@Nullable DataBuffer> last = new AtomicReference<>();
        AtomicBoolean isOver = new AtomicBoolean();
        return counted.<DataBuffer>handle((buffer, sink) -> {
                    int bytes = buffer.readableByteCount();
                    long before = left.getAndAdd(-bytes);
                    if (before > 0 && before <= bytes) {
                        last.set(buffer);
                        // A body from another thread may have its last buffer under way as the client leaves.
                        if (isOver.get()) {
                            DataBufferUtils.release(last.getAndSet(null));
                        }
                    } else {
                        sink.next(buffer);
                    }
                })
                .concatWith(settlement.then(Mono.fromSupplier(() -> last.getAndSet(null))))
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .doFinally(end -> {
                    isOver.set(true);
                    DataBufferUtils.release(last.getAndSet(null));
                });
    }

    private @Nullable Mono<Void> settlement() {
        return context == null ? null : context.settlement();
    }

    @Override
    public Mono<Void> setComplete() {
        Mono<Void> settlement = isCommitted() ? null : settlement();
        return settlement == null ? super.setComplete() : settlement.then(Mono.defer(super::setComplete));
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
        return watched(super.writeAndFlushWith(
                Flux.from(body).map(part -> Flux.from(part).doOnNext(this::count))));
    }

    @Override
    public boolean takesFiles() {
        return getDelegate() instanceof ZeroCopyHttpOutputMessage;
    }

    @Override
    public Mono<Void> writeFile(Path file, long position, long count) {
        ServerHttpResponse sent = getDelegate();
        if (!(sent instanceof ZeroCopyHttpOutputMessage zeroCopy)) {
            return Mono.error(new IllegalStateException("the server cannot send files"));
        }
        return watched(zeroCopy.writeWith(file, position, count)).doOnSuccess(done -> add(count));
    }

    @Override
    public Mono<Void> writeParts(Path any, Flux<Part> parts) {
        if (!(getDelegate() instanceof ZeroCopyHttpOutputMessage zeroCopy)) {
            return Mono.error(new IllegalStateException("the server cannot send files"));
        }
        // Not before: who makes a body ahead of its head has not told its length yet.
        return watched(Mono.defer(() -> write(zeroCopy, any, parts)));
    }

    private Mono<Void> write(ZeroCopyHttpOutputMessage zeroCopy, Path any, Flux<Part> parts) {
        // The framework can send one file and no more. With nothing of it, it has sent the head, and the rest follows.
        Mono<Void> head = zeroCopy.writeWith(any, 0, 0);
        HttpServerResponse server = getNativeResponse(getDelegate());
        Mono<Void> settlement = settlement();
        AtomicLong left = new AtomicLong(
                settlement == null ? Long.MAX_VALUE : getHeaders().getContentLength());
        return head.thenMany(parts.concatMap(
                        part -> left.addAndGet(-part.count()) == 0
                                ? lastOnceSettled(server, part, Objects.requireNonNull(settlement))
                                : sent(server, part).doOnSuccess(done -> add(part.count())),
                        0))
                .then();
    }

    private Mono<Void> lastOnceSettled(HttpServerResponse server, Part last, Mono<Void> settlement) {
        add(last.count());
        return settlement.then(Mono.defer(() -> sent(server, last)));
    }

    private Mono<Void> sent(HttpServerResponse server, Part part) {
        NettyOutbound out = switch (part) {
            // As a stream: one object after the head is taken for a second body and dropped.
            case Part.Bytes(ByteBuffer bytes) -> server.send(Flux.just(bytes).map(Unpooled::wrappedBuffer));
            case Part.OfFile(Path file, long position, long count) -> server.sendFile(file, position, count);
        };
        return out.then();
    }

    @Override
    public boolean takesBuffers() {
        HttpServerResponse server = getNativeResponse(getDelegate());
        AtomicBoolean isEncrypted = new AtomicBoolean();
        server.withConnection(
                connection -> isEncrypted.set(connection.channel().pipeline().get(SslHandler.class) != null));
        return !isEncrypted.get();
    }

    @Override
    public Mono<Void> writeBuffers(Flux<DataBuffer> buffers) {
        HttpServerResponse server = getNativeResponse(getDelegate());
        Sinks.Empty<Void> written = Sinks.empty();
        Mono<Void> write = lastOnceSettled(buffers.doOnNext(this::count))
                .takeUntilOther(written.asMono())
                .switchOnFirst((first, all) -> first.isOnNext() ? head(server, all) : all.then())
                // Below: who leaves before the head is out leaves the first buffer with that operator.
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .then();
        return watched(write).doFinally(end -> written.tryEmitEmpty());
    }

    /** With no element the framework sends the head alone. */
    private Mono<Void> head(HttpServerResponse server, Flux<DataBuffer> all) {
        Flux<Object> messages = all.map(
                buffer -> buffer instanceof FileSlice slice ? slice.part() : NettyDataBufferFactory.toByteBuf(buffer));
        return super.writeWith(Flux.empty())
                .then(Mono.defer(
                        () -> server.sendObject(messages, message -> false).then()));
    }

    private Mono<Void> watched(Mono<Void> write) {
        return write.doOnError(AbortedException::isConnectionReset, reset -> clientLeft = true);
    }

    void clientLeft() {
        clientLeft = true;
    }

    /** Whether the client has ended its connection while it was written to. */
    boolean hasClientLeft() {
        return clientLeft;
    }

    private void count(DataBuffer buffer) {
        add(buffer.readableByteCount());
    }

    private void add(long bytes) {
        if (context != null) {
            context.usage().send(bytes);
        }
    }
}
