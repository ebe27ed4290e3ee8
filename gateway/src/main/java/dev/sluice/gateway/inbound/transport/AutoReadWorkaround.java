package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;

/**
 * Reads on where all answers of a connection are out. Reactor Netty 1.3.7 forgets to, when a request arrives before the
 * one before it has quite ended and is then answered at once: the connection stays open and silent, and its client
 * waits for ever.
 *
 * @see <a href="https://github.com/reactor/reactor-netty/issues/4361">the defect, mended in a later release</a>
 */
final class AutoReadWorkaround extends ChannelDuplexHandler {
    private int unanswered;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        if (message instanceof HttpRequest) {
            unanswered++;
        }
        super.channelRead(context, message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
        super.write(context, message, promise);
        if (message instanceof LastHttpContent && !isInterim(message)) {
            unanswered--;
            // Later, when whoever should read on has had its turn.
            context.executor().execute(() -> readOn(context));
        }
    }

    private void readOn(ChannelHandlerContext context) {
        ChannelConfig config = context.channel().config();
        if (unanswered == 0 && !config.isAutoRead() && context.channel().isActive()) {
            config.setAutoRead(true);
        }
    }

    /** {@code 100 Continue} is a whole message and no answer. */
    private static boolean isInterim(Object message) {
        return message instanceof HttpResponse response
                && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
    }
}
