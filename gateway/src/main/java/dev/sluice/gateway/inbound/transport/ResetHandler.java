package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a connection that its client resets (RFC 9293 section 3.5.3), or that is lost in another way, for one that is
 * closed: to whoever reads its request or writes its answer it ends. As an error it would reach, after these, the
 * server's own log, at the level of a fault of the gateway and with the path of the request.
 *
 * <p>Of the pipelines of all connections; runs on the event loop of each.
 */
@Sharable
final class ResetHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ResetHandler.class);

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("a connection has ended", cause);
            var _ = context.channel().close();
        } else {
            context.fireExceptionCaught(cause);
        }
    }
}
