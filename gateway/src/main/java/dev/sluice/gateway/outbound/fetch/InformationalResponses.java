package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.ReferenceCountUtil;
import java.util.Map;

/**
 * Skips informational responses, RFC 9110 section 15.2: any number of 1xx, such as Early Hints, as long as all their
 * fields together are no longer than those of one answer may be. The client behind it knows 100 alone.
 *
 * <p>101 is not skipped: nobody asked for another protocol, so it is an answer, and a bad one.
 */
final class InformationalResponses extends ChannelInboundHandlerAdapter {
    private final int mostBytes;
    private boolean skipping;
    private int skipped;
    private boolean refused;

    /** @param mostBytes of all fields before one answer */
    InformationalResponses(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // whoever holds the connection sees it close
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpResponse response && !refused) {
            skipping = isInformational(response.status());
            skipped = skipping ? skipped + length(response) : 0;
        }
        if (!skipping) {
            context.fireChannelRead(message);
            return;
        }
        ReferenceCountUtil.release(message);
        if (refused) {
            return; // what had been read with it
        }
        if (skipped > mostBytes) {
            refused = true;
            context.fireExceptionCaught(new TooLongHttpHeaderException(
                    "1xx of " + skipped + " bytes (expected: at most " + mostBytes + ")"));
            context.close();
        } else if (message instanceof LastHttpContent) {
            skipping = false;
            // Nothing was handed on, so nobody else asks for more.
            context.read();
        }
    }

    private static boolean isInformational(HttpResponseStatus status) {
        return status.codeClass() == HttpStatusClass.INFORMATIONAL
                && status.code() != HttpResponseStatus.SWITCHING_PROTOCOLS.code();
    }

    /** A status line and a line for each field, about. */
    private static int length(HttpResponse response) {
        int length = 32;
        for (Map.Entry<String, String> field : response.headers()) {
            length += field.getKey().length() + field.getValue().length() + 4;
        }
        return length;
    }
}
