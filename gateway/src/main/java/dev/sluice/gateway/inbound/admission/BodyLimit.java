package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.DeadlineExceededException;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Refuses a body that says it is too large before it is read, and cuts one that turns out to be. */
public final class BodyLimit {
    private static final DataBufferFactory HEAP = DefaultDataBufferFactory.sharedInstance;

    private final BodyBudget memory;
    private final Duration deadline;
    private final Scheduler timer;

    /**
     * A guard with a deadline for whole bodies of JSON.
     *
     * @param memory for those that are on their way in
     * @param deadline from the first look at a body to its last byte
     * @param timer where deadlines pass
     */
    public BodyLimit(DataSize memory, Duration deadline, Scheduler timer) {
        this.memory = new BodyBudget(memory);
        this.deadline = deadline;
        this.timer = timer;
    }

    /**
     * The request with a body within the endpoint's limit: JSON whole and on the heap, so that nothing is admitted,
     * counted or held for a request that never arrives; anything else as a stream that is cut at the limit. Errors with
     * {@code payload_too_large} as soon as the declared or the counted length is over the limit, without reading on;
     * with {@code rate_limited} or {@code overloaded} when too much of other bodies is on its way. A body that nobody
     * reads is dropped as it comes: where it waited it would take memory for as long as the answer lasts.
     */
    public Mono<ServerRequest> read(Endpoint endpoint, ServerRequest request) {
        long limit = endpoint.maxBody().toBytes();
        long declared = request.headers().contentLength().orElse(0);
        if (declared > limit) {
            return Mono.error(GatewayException.badMember(
                    ProblemCode.PAYLOAD_TOO_LARGE, "body", declared + " bytes", "at most " + limit + " bytes"));
        }
        if (endpoint.consumes().isEmpty()) {
            dropBody(request);
            return Mono.just(request);
        }
        Flux<DataBuffer> capped =
                ByteStreams.capped(request.exchange().getRequest().getBody(), limit);
        return endpoint.consumes().equals(List.of(MediaType.APPLICATION_JSON))
                ? json(request, capped)
                : Mono.just(withBody(request, capped));
    }

    /** One of known length is small, or refused. */
    private static void dropBody(ServerRequest request) {
        if (request.headers().asHttpHeaders().containsHeader(HttpHeaders.TRANSFER_ENCODING)) {
            var _ = request.exchange()
                    .getRequest()
                    .getBody()
                    .subscribe(DataBufferUtils.releaseConsumer(), leftInTheMiddle -> {});
        }
    }

    private Mono<ServerRequest> json(ServerRequest request, Flux<DataBuffer> capped) {
        String caller = RequestContext.of(request.exchange()).caller().accountable();
        return Mono.using(
                        () -> memory.enter(caller),
                        place -> onHeap(
                                ByteStreams.withDeadline(ByteStreams.counting(capped, place::take), deadline, timer)),
                        BodyBudget.Place::close)
                .onErrorMap(DeadlineExceededException.class, this::tooSlow)
                .map(bytes -> withBody(request, whole(bytes)));
    }

    private static Flux<DataBuffer> whole(byte[] bytes) {
        return bytes.length == 0 ? Flux.empty() : Flux.defer(() -> Flux.just(HEAP.wrap(bytes)));
    }

    /** Copied as it comes: what is not whole holds none of the connection's own memory. */
    private static Mono<byte[]> onHeap(Flux<DataBuffer> body) {
        return body.collect(ByteArrayOutputStream::new, BodyLimit::append)
                .map(ByteArrayOutputStream::toByteArray)
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
    }

    private static void append(ByteArrayOutputStream bytes, DataBuffer buffer) {
        try {
            byte[] part = new byte[buffer.readableByteCount()];
            buffer.read(part);
            bytes.writeBytes(part);
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    private GatewayException tooSlow(Throwable late) {
        return new GatewayException(
                ProblemCode.REQUEST_TIMEOUT, "body: not whole after " + DurationWords.of(deadline), late);
    }

    private static ServerRequest withBody(ServerRequest request, Flux<DataBuffer> body) {
        ServerWebExchange exchange = request.exchange()
                .mutate()
                .request(new Guarded(request.exchange().getRequest(), body))
                .build();
        ServerRequest guarded = ServerRequest.create(exchange, request.messageReaders());
        guarded.attributes().putAll(request.attributes());
        return guarded;
    }

    private static final class Guarded extends ServerHttpRequestDecorator {
        private final Flux<DataBuffer> body;

        Guarded(ServerHttpRequest request, Flux<DataBuffer> body) {
            super(request);
            this.body = body;
        }

        @Override
        public Flux<DataBuffer> getBody() {
            return body;
        }
    }
}
