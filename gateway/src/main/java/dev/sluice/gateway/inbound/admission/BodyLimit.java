package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.DeadlineExceededException;
import java.time.Duration;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Refuses a body that says it is too large before it is read, and cuts one that turns out to be. */
public final class BodyLimit {
    private static final DataBufferFactory HEAP = DefaultDataBufferFactory.sharedInstance;

    private final Duration deadline;
    private final Scheduler timer;

    /**
     * A guard with a deadline for whole bodies of JSON.
     *
     * @param deadline from the first look at a body to its last byte
     * @param timer where deadlines pass
     */
    public BodyLimit(Duration deadline, Scheduler timer) {
        this.deadline = deadline;
        this.timer = timer;
    }

    /**
     * The request with a body within the endpoint's limit: JSON whole and on the heap, so that nothing is admitted,
     * counted or held for a request that never arrives; anything else as a stream that is cut at the limit. Errors with
     * {@code payload_too_large} as soon as the declared or the counted length is over the limit, without reading on.
     */
    public Mono<ServerRequest> read(Endpoint endpoint, ServerRequest request) {
        long limit = endpoint.maxBody().toBytes();
        long declared = request.headers().contentLength().orElse(0);
        if (declared > limit) {
            return Mono.error(GatewayException.badMember(
                    ProblemCode.PAYLOAD_TOO_LARGE, "body", declared + " bytes", "at most " + limit + " bytes"));
        }
        if (endpoint.consumes().isEmpty()) {
            return Mono.just(request);
        }
        Flux<DataBuffer> capped =
                ByteStreams.capped(request.exchange().getRequest().getBody(), limit);
        if (!endpoint.consumes().equals(List.of(MediaType.APPLICATION_JSON))) {
            return Mono.just(withBody(request, capped));
        }
        return DataBufferUtils.join(ByteStreams.withDeadline(capped, deadline, timer))
                .map(BodyLimit::onHeap)
                .onErrorMap(DeadlineExceededException.class, this::tooSlow)
                .defaultIfEmpty(new byte[0])
                .map(bytes -> withBody(request, whole(bytes)));
    }

    private static Flux<DataBuffer> whole(byte[] bytes) {
        return bytes.length == 0 ? Flux.empty() : Flux.defer(() -> Flux.just(HEAP.wrap(bytes)));
    }

    private static byte[] onHeap(DataBuffer joined) {
        try {
            byte[] bytes = new byte[joined.readableByteCount()];
            joined.read(bytes);
            return bytes;
        } finally {
            DataBufferUtils.release(joined);
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
