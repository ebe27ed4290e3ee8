package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.http.FileOutput;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import org.springframework.http.MediaType;
import reactor.netty.NettyPipeline;

/**
 * Keeps the last byte of each chunk until the next one, so that at every moment before the answer's end its client is
 * in the middle of a chunk (RFC 9112 section 7.1). However the connection ends then, also with the process, nobody
 * takes what came for a complete body.
 *
 * <pre>
 *   written   AAAA            BBBBB                 end
 *   sent      4 CRLF AAA      A CRLF 5 CRLF BBBB    B CRLF 0 CRLF CRLF
 * </pre>
 *
 * <p>A file that goes out among buffers is not read here, so its last byte cannot be kept: its chunk has room for one
 * byte more, the first of what comes next. An answer does not end with a file.
 *
 * <pre>
 *   written   FFFF               BBBBB                   end
 *   sent      5 CRLF FFFF        B CRLF 4 CRLF BBB       B CRLF 0 CRLF CRLF
 * </pre>
 *
 * <p>Events are not held back: each has to be seen at once. Writes past the encoder, which would end each chunk; it
 * writes the head and the end.
 */
final class OpenChunkHandler extends ChannelOutboundHandlerAdapter {
    private static final int NONE = -1;
    private static final byte[] LINE_END = {'\r', '\n'};
    private static final int LONGEST_FRAMING = 1 + 2 + 16 + 2;

    private boolean open; // an answer in chunks is under way
    private int heldBack = NONE;
    private boolean owed; // the chunk of a file lacks its last byte

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response) {
            open = HttpUtil.isTransferEncodingChunked(response) && !isEvents(response);
            heldBack = NONE;
            owed = false;
        }
        if (message instanceof FileOutput.Part.OfFile file) {
            file(context, file, promise);
        } else if (!open || message instanceof HttpResponse) {
            var _ = context.write(message, promise);
        } else if (message instanceof LastHttpContent) {
            if (owed) {
                ReferenceCountUtil.release(message);
                var _ = context.close(promise);
                return;
            }
            settle(context);
            open = false;
            var _ = context.write(message, promise);
        } else if (message instanceof ByteBuf bytes) {
            chunk(context, bytes, promise);
        } else if (message instanceof HttpContent content) {
            chunk(context, content.content(), promise);
        } else {
            settle(context); // a file: a chunk as the encoder makes it
            var _ = context.write(message, promise);
        }
    }

    private static boolean isEvents(HttpResponse response) {
        String type = response.headers().get(HttpHeaderNames.CONTENT_TYPE);
        return type != null && type.startsWith(MediaType.TEXT_EVENT_STREAM_VALUE);
    }

    private void file(ChannelHandlerContext context, FileOutput.Part.OfFile part, ChannelPromise promise) {
        FileRegion region;
        try {
            region = new DefaultFileRegion(
                    FileChannel.open(part.file(), StandardOpenOption.READ), part.position(), part.count());
        } catch (IOException gone) {
            promise.tryFailure(gone);
            return;
        }
        if (!open) {
            var _ = context.write(region, promise);
            return;
        }
        ByteBuf framing = context.alloc().directBuffer(LONGEST_FRAMING);
        endOfTheLast(framing);
        ByteBufUtil.writeAscii(framing, Long.toHexString(part.count() + 1));
        framing.writeBytes(LINE_END);
        var _ = encoder(context).write(framing);
        var _ = encoder(context).write(region, promise);
        owed = true;
    }

    private void chunk(ChannelHandlerContext context, ByteBuf bytes, ChannelPromise promise) {
        if (owed && bytes.isReadable()) {
            heldBack = bytes.readUnsignedByte();
            owed = false;
        }
        int size = bytes.readableBytes();
        if (size == 0) {
            var _ = context.write(bytes, promise); // nothing but a flush
            return;
        }
        ChannelHandlerContext encoder = encoder(context);
        ByteBuf framing = context.alloc().directBuffer(LONGEST_FRAMING);
        endOfTheLast(framing);
        ByteBufUtil.writeAscii(framing, Integer.toHexString(size));
        framing.writeBytes(LINE_END);
        var _ = encoder.write(framing);
        int last = bytes.writerIndex() - 1;
        heldBack = bytes.getUnsignedByte(last);
        bytes.writerIndex(last);
        var _ = encoder.write(bytes, promise);
    }

    private void settle(ChannelHandlerContext context) {
        if (heldBack != NONE) {
            ByteBuf end = context.alloc().directBuffer(LONGEST_FRAMING);
            endOfTheLast(end);
            var _ = encoder(context).write(end);
        }
    }

    private void endOfTheLast(ByteBuf framing) {
        if (heldBack != NONE) {
            framing.writeByte(heldBack).writeBytes(LINE_END);
            heldBack = NONE;
        }
    }

    /** What is written here goes out as it is. */
    private static ChannelHandlerContext encoder(ChannelHandlerContext context) {
        return context.pipeline().context(NettyPipeline.HttpCodec);
    }
}
