package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.contract.http.FileSlice;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.SslHandler;
import io.opentelemetry.api.trace.Span;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
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

/** A response that adds the bytes of its body to the account of its exchange. Files still go out without the heap. */
final class CountedResponse extends ServerHttpResponseDecorator implements FileOutput {
    private @Nullable ServerWebExchange exchange;
    private @Nullable RequestUsage account;
    private volatile boolean clientLeft;
    private @Nullable Span trace;

    CountedResponse(ServerHttpResponse response) {
        super(response);
    }

    /** From now on bytes are added to the account of {@code counted}. */
    void countFor(ServerWebExchange counted) {
        exchange = counted;
        RequestContext context = RequestContext.of(counted);
        account = context.usage();
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
                        ? one.doOnNext(this::count)
                        : Flux.from(body).doOnNext(this::count)));
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
        return watched(super.writeAndFlushWith(
                Flux.from(body).map(part -> Flux.from(part).doOnNext(this::count))));
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
        // The framework can send one file and no more. With nothing of it, it has sent the head, and the rest follows.
        HttpServerResponse server = getNativeResponse(getDelegate());
        Mono<Void> head = zeroCopy.writeWith(any, 0, 0);
        return watched(
                head.thenMany(parts.concatMap(part -> sent(server, part), 0)).then());
    }

    private Mono<Void> sent(HttpServerResponse server, Part part) {
        NettyOutbound out = switch (part) {
            // As a stream: one object after the head is taken for a second body and dropped.
            case Part.Bytes(ByteBuffer bytes) -> server.send(Flux.just(bytes).map(Unpooled::wrappedBuffer));
            case Part.OfFile(Path file, long position, long count) -> server.sendFile(file, position, count);
        };
        return out.then().doOnSuccess(done -> add(part.count()));
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
        Mono<Void> write = buffers.takeUntilOther(written.asMono())
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .switchOnFirst((first, all) -> first.isOnNext() ? head(server, all) : all.then())
                .then();
        return watched(write).doFinally(end -> written.tryEmitEmpty());
    }

    /** With no element the framework sends the head alone. */
    private Mono<Void> head(HttpServerResponse server, Flux<DataBuffer> all) {
        Flux<Object> messages = all.doOnNext(this::count)
                .map(buffer ->
                        buffer instanceof FileSlice slice ? slice.part() : NettyDataBufferFactory.toByteBuf(buffer));
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
        RequestUsage usage = account;
        if (usage != null) {
            usage.send(bytes);
        }
    }
}
