package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;

/**
 * Answers HTTP/1.0 in words that it knows: a body of unknown length ends with the connection and is never chunked (RFC
 * 9112 section 6.1), and a connection that stays says so (appendix C.2.2).
 *
 * <p>Stands where one request at a time passes, so that what it has read last is what is answered.
 */
final class Http10Handler extends ChannelDuplexHandler {
    private boolean old;
    private boolean stays;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request) {
            old = RequestHeadCheck.isOld(request);
            stays = old && HttpUtil.isKeepAlive(request);
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (old && message instanceof HttpResponse response) {
            if (HttpUtil.isTransferEncodingChunked(response)) {
                response.headers()
                        .remove(HttpHeaderNames.TRANSFER_ENCODING)
                        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            } else if (stays && HttpUtil.isKeepAlive(response)) {
                response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
            }
        }
        var _ = context.write(message, promise);
    }
}
