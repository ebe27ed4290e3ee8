package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Says {@code Connection: close} in answers that begin while the gateway shuts down (RFC 9112 section 9.6). The server
 * closes a connection when what is under way on it has ended; a proxy that was not told may send the next request at
 * that very moment, and a {@code POST} is not sent again.
 *
 * <p>One for all connections.
 */
@Sharable
final class DrainHandler extends ChannelOutboundHandlerAdapter implements ApplicationListener<ContextClosedEvent> {
    private volatile boolean draining;

    /** Published before the server stops to accept. */
    @Override
    public void onApplicationEvent(ContextClosedEvent closed) {
        draining = true;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (draining
                && message instanceof HttpResponse response
                && response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        var _ = context.write(message, promise);
    }
}
