package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderResultProvider;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection on which something could not be decoded in two steps (RFC 9112 section 9.6): first this side,
 * then the whole, a moment later or when the client has closed its side. What the client still sends is dropped
 * meanwhile. A connection that is closed with bytes unread is reset, and the answer that says what was wrong would be
 * lost with it.
 */
final class LingeringCloseHandler extends ChannelDuplexHandler {
    private static final long LONGEST_SECONDS = 1;

    private boolean failed;
    private boolean lingering;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (lingering) {
            ReferenceCountUtil.release(message);
            return;
        }
        failed |= message instanceof DecoderResultProvider decoded
                && decoded.decoderResult().isFailure();
        context.fireChannelRead(message);
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        if (failed
                && !lingering
                && context.channel().isActive()
                && context.channel() instanceof DuplexChannel channel) {
            lingering = true;
            var _ = channel.shutdownOutput();
            channel.config().setAutoRead(true);
            Runnable end = () -> {
                var _ = context.close(promise);
            };
            var _ = context.executor().schedule(end, LONGEST_SECONDS, TimeUnit.SECONDS);
        } else {
            var _ = context.close(promise);
        }
    }
}
