package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;

/**
 * Takes a connection that its client resets (RFC 9293 section 3.5.2) for one that it closes: to whoever reads its
 * request or writes its answer it ends. As an error it would reach, after these, the server's own log, at the level of
 * a fault of the gateway and with the path of the request.
 *
 * <p>Of the pipelines of all connections; runs on the event loop of each.
 */
@Sharable
final class ResetHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            var _ = context.close();
        } else {
            context.fireExceptionCaught(cause);
        }
    }
}
