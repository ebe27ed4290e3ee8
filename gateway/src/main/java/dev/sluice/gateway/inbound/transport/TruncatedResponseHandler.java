package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderResultProvider;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;

/**
 * Makes an answer that ends too early look like a failure to everybody: the connection is reset, in the middle of a
 * chunk ({@link OpenChunkHandler}). Whoever closes it while an answer is under way means that, whatever the reason: a
 * source that failed, a deadline, a client that does not read. An orderly end (FIN) at a chunk's edge is taken for a
 * complete body by several proxies and clients.
 *
 * <pre>
 *   head ──► SO_LINGER 0, if its length is unknown: a process that is killed resets too
 *   close before the end ──► SO_LINGER 0 ──► close = RST
 *   the end, handed to the system ──► SO_LINGER off ──► close = FIN
 * </pre>
 */
final class TruncatedResponseHandler extends ChannelDuplexHandler {
    private static final int OFF = -1;

    private int begun; // answers on this connection
    private boolean underWay; // the latest of them
    private boolean resets; // SO_LINGER is 0
    private boolean cut;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        boolean broken = message instanceof DecoderResultProvider decoded
                && decoded.decoderResult().isFailure()
                && !(message instanceof HttpRequest);
        if (broken && underWay) {
            // The server would end the answer as if it were complete.
            ReferenceCountUtil.release(message);
            cut(context, context.newPromise());
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (cut) {
            ReferenceCountUtil.release(message);
            promise.tryFailure(new ClosedChannelException());
            return;
        }
        if (message instanceof HttpResponse response
                && response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            begin(context, response);
        }
        if (message instanceof LastHttpContent && underWay) {
            int number = begun;
            // Before whoever closes the connection then: listeners are called in the order in which they were added.
            ChannelPromise sent = promise.unvoid();
            sent.addListener(future -> {
                if (future.isSuccess() && number == begun) {
                    end(context);
                }
            });
            var _ = context.write(message, sent);
        } else {
            var _ = context.write(message, promise);
        }
    }

    private void begin(ChannelHandlerContext context, HttpResponse response) {
        begun++;
        underWay = true;
        if (!(response instanceof LastHttpContent) && !HttpUtil.isContentLengthSet(response)) {
            resets = linger(context, 0);
        }
    }

    private void end(ChannelHandlerContext context) {
        underWay = false;
        if (resets && linger(context, OFF)) {
            resets = false;
        }
    }

    /** False where the client has closed the connection meanwhile, which leaves nothing to be set. */
    private static boolean linger(ChannelHandlerContext context, int seconds) {
        try {
            return context.channel().isActive()
                    && context.channel().config().setOption(ChannelOption.SO_LINGER, seconds);
        } catch (ChannelException closed) {
            return false;
        }
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        if (underWay && !cut && context.channel().isActive()) {
            cut(context, promise);
        } else {
            var _ = context.close(promise);
        }
    }

    private void cut(ChannelHandlerContext context, ChannelPromise promise) {
        cut = true;
        var _ = linger(context, 0);
        // Past everything that would say goodbye in an orderly way, as TLS does.
        var _ = context.pipeline().firstContext().close(promise);
    }
}
