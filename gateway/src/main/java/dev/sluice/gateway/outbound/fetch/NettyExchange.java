package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.policy.HostName;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import javax.net.ssl.SSLException;
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
 * The innermost exchange: one request over one pooled connection of the fetch's event loop.
 *
 * <p>The connection goes back to its pool when the answer was read to its end, and is closed in every other case: an
 * unread rest is not drained, for its length is the origin's choice. The buffers of the body are the connection's own,
 * handed on without a copy.
 */
final class NettyExchange implements Exchange {
    private static final Logger log = LoggerFactory.getLogger(NettyExchange.class);

    private final String userAgent;
    private final @Nullable Duration firstByteTimeout;

    /**
     * @param firstByteTimeout from the request's last byte to the last of the answer's header, however slowly it drips;
     *     null leaves that to the deadline
     */
    NettyExchange(String userAgent, @Nullable Duration firstByteTimeout) {
        this.userAgent = userAgent;
        this.firstByteTimeout = firstByteTimeout;
    }

    @Override
    public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            EventLoopClients.EventLoopClient eventLoop =
                    FetchContext.of(context).eventLoop();
            return eventLoop.run(
                    Mono.defer(() -> send(eventLoop, target, options, reader)).onErrorMap(NettyExchange::mapped));
        });
    }

    private <T> Mono<T> send(
            EventLoopClients.EventLoopClient eventLoop,
            Target target,
            RequestOptions options,
            Function<Response, Mono<T>> reader) {
        HttpClient client = eventLoop.client().headers(headers -> {
            headers.set(HttpHeaderNames.USER_AGENT, userAgent)
                    .set(HttpHeaderNames.ACCEPT, options.accept())
                    .set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
            condition(headers, HttpHeaderNames.IF_NONE_MATCH, options.known().etag());
            condition(
                    headers, HttpHeaderNames.IF_MODIFIED_SINCE, options.known().lastModified());
            Exchange.BodyRange part = options.part();
            if (part != null) {
                headers.set(HttpHeaderNames.RANGE, "bytes=" + part.position() + "-")
                        .set(HttpHeaderNames.IF_RANGE, part.validator());
            }
        });
        return firstByteTimeout == null
                ? answer(client, eventLoop, target, reader)
                : inTime(firstByteTimeout, client, eventLoop, target, reader);
    }

    private static <T> Mono<T> inTime(
            Duration limit,
            HttpClient client,
            EventLoopClients.EventLoopClient eventLoop,
            Target target,
            Function<Response, Mono<T>> reader) {
        Sinks.Empty<Void> sent = Sinks.empty();
        var answered = new AtomicBoolean();
        HttpClient notifying = client.doAfterRequest((request, connection) -> sent.tryEmitEmpty());
        Function<Response, Mono<T>> flagging = response -> {
            answered.set(true);
            return reader.apply(response);
        };
        return answer(notifying, eventLoop, target, flagging)
                .timeout(
                        sent.asMono()
                                .then(Mono.delay(limit, eventLoop.scheduler()))
                                .filter(tick -> !answered.get())
                                .switchIfEmpty(Mono.never()),
                        Mono.error(() -> FetchErrors.timedOut("The origin did not answer in time", null)));
    }

    private static <T> Mono<T> answer(
            HttpClient client,
            EventLoopClients.EventLoopClient eventLoop,
            Target target,
            Function<Response, Mono<T>> reader) {
        HttpClient.ResponseReceiver<?> request = HostName.isUnusual(target.host())
                ? client.get().uri(target.uri().toString())
                : client.get().uri(target.uri());
        return request.responseConnection((response, connection) -> read(eventLoop, response, connection, reader))
                .singleOrEmpty();
    }

    private static void condition(
            io.netty.handler.codec.http.HttpHeaders headers, CharSequence name, @Nullable String value) {
        if (value != null) {
            headers.set(name, value);
        }
    }

    private static <T> Mono<T> read(
            EventLoopClients.EventLoopClient eventLoop,
            HttpClientResponse response,
            Connection connection,
            Function<Response, Mono<T>> reader) {
        var buffers = new NettyDataBufferFactory(connection.channel().alloc());
        Flux<DataBuffer> received = connection.inbound().receive().map(bytes -> buffers.wrap(bytes.retain()));
        SslHandler tls = connection.channel().pipeline().get(SslHandler.class);
        Flux<DataBuffer> body = tls != null && endsWithConnection(response.responseHeaders())
                ? received.concatWith(Mono.defer(() -> closedOrError(tls)))
                : received;
        var headers =
                HttpHeaders.readOnlyHttpHeaders(new HttpHeaders(new Netty4HeadersAdapter(response.responseHeaders())));
        return Mono.defer(() -> reader.apply(new Response(response.status().code(), headers, body)))
                .doFinally(end -> closeUnlessRead(eventLoop, connection));
    }

    /** Whether nothing but the end of the connection says where the body ends, RFC 9112 section 6.3. */
    private static boolean endsWithConnection(io.netty.handler.codec.http.HttpHeaders headers) {
        return !headers.contains(HttpHeaderNames.CONTENT_LENGTH)
                && !headers.contains(HttpHeaderNames.TRANSFER_ENCODING);
    }

    /** Over TLS, anybody in between can end a connection, but not say that the origin did: RFC 9112 section 9.8. */
    private static <T> Mono<T> closedOrError(SslHandler tls) {
        return tls.sslCloseFuture().isSuccess()
                ? Mono.empty()
                : Mono.error(() -> new SSLException("closed without close_notify"));
    }

    /** On the connection's thread, where whether it was read to its end cannot change meanwhile. */
    private static void closeUnlessRead(EventLoopClients.EventLoopClient eventLoop, Connection connection) {
        if (!eventLoop.loop().inEventLoop()) {
            try {
                eventLoop.loop().execute(() -> closeUnlessRead(eventLoop, connection));
            } catch (RejectedExecutionException e) {
                log.debug("The event loop has ended, and all its connections with it", e);
            }
        } else if (connection instanceof ChannelOperations<?, ?> operations && !operations.isInboundDisposed()) {
            operations.dispose();
        }
    }

    private static Throwable mapped(Throwable error) {
        return error instanceof FetchErrors.ReaderException ? error : FetchErrors.of(error);
    }
}
