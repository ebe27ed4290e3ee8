package dev.sluice.gateway.outbound.fetch;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.support.Netty4HeadersAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.Connection;
import reactor.netty.channel.ChannelOperations;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;

/**
 * The innermost exchange: one request over one pooled connection of the trip's lane.
 *
 * <p>The connection goes back to its pool when the answer was read to its end, and is closed in every other case: an
 * unread rest is not drained, for its length is the origin's choice. The buffers of the body are the connection's own,
 * handed on without a copy.
 */
final class NettyExchange implements Exchange {
    private static final Logger log = LoggerFactory.getLogger(NettyExchange.class);

    private final String userAgent;
    private final Duration firstByteTimeout;

    /**
     * @param firstByteTimeout from the request's last byte to the last of the answer's header, however slowly it drips
     */
    NettyExchange(String userAgent, Duration firstByteTimeout) {
        this.userAgent = userAgent;
        this.firstByteTimeout = firstByteTimeout;
    }

    @Override
    public <T> Mono<T> get(Target target, Ask ask, Function<Answer, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            Lane lane = Trip.of(context).lane();
            return lane.run(Mono.defer(() -> send(lane, target, ask, reader)).onErrorMap(NettyExchange::named));
        });
    }

    private <T> Mono<T> send(Lane lane, Target target, Ask ask, Function<Answer, Mono<T>> reader) {
        Sinks.Empty<Void> sent = Sinks.empty();
        var answered = new AtomicBoolean();
        HttpClient client = lane.client()
                .doAfterRequest((request, connection) -> sent.tryEmitEmpty())
                .headers(headers -> {
                    headers.set(HttpHeaderNames.USER_AGENT, userAgent)
                            .set(HttpHeaderNames.ACCEPT, ask.accept())
                            .set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
                    condition(
                            headers, HttpHeaderNames.IF_NONE_MATCH, ask.known().etag());
                    condition(
                            headers,
                            HttpHeaderNames.IF_MODIFIED_SINCE,
                            ask.known().lastModified());
                });
        HttpClient.ResponseReceiver<?> request = HostName.isUnusual(target.host())
                ? client.get().uri(target.uri().toString())
                : client.get().uri(target.uri());
        return request.responseConnection((response, connection) -> {
                    answered.set(true);
                    return read(lane, response, connection, reader);
                })
                .singleOrEmpty()
                .timeout(
                        sent.asMono()
                                .then(Mono.delay(firstByteTimeout, lane.scheduler()))
                                .filter(tick -> !answered.get())
                                .switchIfEmpty(Mono.never()),
                        Mono.error(() -> Failures.timedOut("The origin did not answer in time", null)));
    }

    private static void condition(
            io.netty.handler.codec.http.HttpHeaders headers, CharSequence name, @Nullable String value) {
        if (value != null) {
            headers.set(name, value);
        }
    }

    private static <T> Mono<T> read(
            Lane lane, HttpClientResponse response, Connection connection, Function<Answer, Mono<T>> reader) {
        var buffers = new NettyDataBufferFactory(connection.channel().alloc());
        Flux<DataBuffer> body =
                connection.inbound().receive().map(ByteBuf::retain).map(buffers::wrap);
        var headers =
                HttpHeaders.readOnlyHttpHeaders(new HttpHeaders(new Netty4HeadersAdapter(response.responseHeaders())));
        return Mono.defer(() -> reader.apply(new Answer(response.status().code(), headers, body)))
                .doFinally(end -> closeUnlessRead(lane, connection));
    }

    /** On the connection's thread, where whether it was read to its end cannot change meanwhile. */
    private static void closeUnlessRead(Lane lane, Connection connection) {
        if (!lane.loop().inEventLoop()) {
            try {
                lane.loop().execute(() -> closeUnlessRead(lane, connection));
            } catch (RejectedExecutionException e) {
                log.debug("The event loop has ended, and all its connections with it", e);
            }
        } else if (connection instanceof ChannelOperations<?, ?> operations && !operations.isInboundDisposed()) {
            operations.dispose();
        }
    }

    private static Throwable named(Throwable error) {
        return error instanceof ReaderException ? error : Failures.of(error);
    }
}
