package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.zipstream.ByteStreams;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;

/** Refuses a body that says it is too large before it is read, and cuts one that turns out to be. */
public final class BodyLimit {

    private BodyLimit() {}

    /**
     * The request, with a body that cannot exceed the endpoint's limit.
     *
     * @throws GatewayException {@code payload_too_large} when the declared length is over the limit
     */
    public static ServerRequest apply(Endpoint endpoint, ServerRequest request) {
        long limit = endpoint.maxBody().toBytes();
        long declared = request.headers().contentLength().orElse(0);
        if (declared > limit) {
            throw GatewayException.badMember(
                    ProblemCode.PAYLOAD_TOO_LARGE, "body", declared + " bytes", "at most " + limit + " bytes");
        }
        ServerWebExchange capped = request.exchange()
                .mutate()
                .request(new Capped(request.exchange().getRequest(), limit))
                .build();
        ServerRequest guarded = ServerRequest.create(capped, request.messageReaders());
        guarded.attributes().putAll(request.attributes());
        return guarded;
    }

    private static final class Capped extends ServerHttpRequestDecorator {
        private final long limit;

        Capped(ServerHttpRequest request, long limit) {
            super(request);
            this.limit = limit;
        }

        @Override
        public Flux<DataBuffer> getBody() {
            return ByteStreams.capped(super.getBody(), limit);
        }
    }
}
