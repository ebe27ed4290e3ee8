package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.ErrorMember;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.inbound.problem.ProblemBody;
import dev.sluice.gateway.inbound.telemetry.LoggedPath;
import dev.sluice.gateway.inbound.telemetry.RequestId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderResultProvider;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import tools.jackson.databind.json.JsonMapper;

/**
 * Gives the refusals that the server makes by itself, before there is a request, the body that all others have. The
 * server answers 400, 414 and 431 with nothing but the status; what was wrong it says in the message that could not be
 * decoded.
 */
final class ServerProblems extends ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ServerProblems.class);
    private static final JsonMapper JSON = JsonMapper.shared();
    /** What the problem is about when no request could be read. */
    private static final String NO_PATH = "about:blank";

    private @Nullable Throwable fault;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof DecoderResultProvider decoded
                && decoded.decoderResult().isFailure()) {
            fault = decoded.decoderResult().cause();
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof FullHttpResponse response && isBare(response)) {
            FullHttpResponse full = problemResponse(context, response);
            ReferenceCountUtil.release(response);
            var _ = context.write(full, promise);
        } else {
            var _ = context.write(message, promise);
        }
    }

    /**
     * Whether this is an answer of the server's own: the gateway's have a type, and other frameworks' other statuses.
     */
    private static boolean isBare(FullHttpResponse response) {
        HttpResponseStatus status = response.status();
        return (status.equals(HttpResponseStatus.BAD_REQUEST)
                        || status.equals(HttpResponseStatus.REQUEST_URI_TOO_LONG)
                        || status.equals(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
                && !response.content().isReadable()
                && !response.headers().contains(HttpHeaderNames.CONTENT_TYPE);
    }

    private FullHttpResponse problemResponse(ChannelHandlerContext context, FullHttpResponse bare) {
        GatewayException problem = problem(bare.status());
        String id = RequestId.random();
        LOG.info(
                "{} {} requestId={}: {}",
                context.channel().remoteAddress(),
                problem.code().code(),
                id,
                LoggedPath.printable(problem.detail()));
        ByteBuf body = Unpooled.wrappedBuffer(
                JSON.writeValueAsBytes(ProblemBody.of(problem, NO_PATH, ErrorMember.CODE, id, null)));
        FullHttpResponse full = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(problem.code().status().value()),
                body);
        full.headers()
                .set(bare.headers())
                .set(HttpHeaderNames.CONTENT_TYPE, MediaType.APPLICATION_PROBLEM_JSON_VALUE)
                .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .set("X-Content-Type-Options", "nosniff")
                .set("X-Request-Id", id);
        return full;
    }

    private GatewayException problem(HttpResponseStatus status) {
        if (fault instanceof RefusedMessageException refused) {
            return refused.problem();
        }
        if (status.equals(HttpResponseStatus.REQUEST_URI_TOO_LONG)) {
            return new GatewayException(ProblemCode.URI_TOO_LONG, "The request line is too long.");
        }
        if (status.equals(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)) {
            return new GatewayException(
                    ProblemCode.HEADER_FIELDS_TOO_LARGE, "The header fields are too large together.");
        }
        return new GatewayException(
                ProblemCode.MALFORMED_REQUEST,
                "The message is not a valid request of HTTP/1.1" + (fault == null ? "." : ": " + fault.getMessage()));
    }
}
