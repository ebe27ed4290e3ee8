package dev.sluice.gateway.outbound.fetch;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;
import reactor.netty.NettyPipeline;

/**
 * How much one connection reads at a time. A long body is read by calls that take whatever the socket holds, up to
 * {@link #MOST} bytes, and that share memory: what one call leaves of a chunk, the next one fills.
 *
 * <pre>
 *   socket holds    62 KB      180 KB                 90 KB
 *   chunk           [ first ][ second               ] [ third        ...
 *                   256 KB, one slice for each call   256 KB, or what is left of the body
 * </pre>
 *
 * <p>So a buffer keeps no more memory alive than the body is long, however little each call brings. A head, and a body
 * that is short or of unknown length, is read into buffers of {@link #FEW} bytes.
 *
 * <p>Belongs to one connection; runs on its event loop.
 */
final class BodyReads extends ChannelInboundHandlerAdapter {
    /** One read while no long body is known to come. */
    static final int FEW = 64 * 1024;

    /** One read of a long body, and the largest buffer of any. */
    static final int MOST = 256 * 1024;

    /** Less room than this is left unused: a call costs more. */
    private static final int SMALLEST = 16 * 1024;

    /** Reads before the loop turns to other connections: what may be in flight beyond the reader's demand. */
    private static final int READS_AT_ONCE = 2;

    private long left; // of a long body
    private @Nullable ByteBuf chunk; // written up to where the last read ended

    private BodyReads() {}

    /** Lets {@code channel}, which speaks HTTP and has read nothing yet, read so. */
    static void install(Channel channel) {
        BodyReads reads = new BodyReads();
        channel.config().setRecvByteBufAllocator(reads.new Allocator());
        channel.pipeline().addAfter(NettyPipeline.HttpCodec, null, reads);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpResponse response) {
            long length = HttpUtil.getContentLength(response, 0L);
            left = length > FEW ? length : 0;
        }
        if (message instanceof HttpContent content) {
            left = Math.max(0, left - content.content().readableBytes());
        }
        if (message instanceof LastHttpContent) {
            left = 0;
            dropChunk();
        }
        context.fireChannelRead(message);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        dropChunk();
    }

    private void dropChunk() {
        if (chunk != null) {
            chunk.release();
            chunk = null;
        }
    }

    private ByteBuf allocate(ByteBufAllocator buffers) {
        if (left == 0) {
            return buffers.ioBuffer(FEW, FEW);
        }
        ByteBuf all = chunk;
        if (all == null) {
            int size = (int) Math.min(MOST, left);
            all = buffers.ioBuffer(size, size);
            chunk = all;
        }
        return all.retainedSlice(all.writerIndex(), all.writableBytes()).writerIndex(0);
    }

    private void received(int count) {
        ByteBuf all = chunk;
        if (all != null && count > 0) {
            all.writerIndex(all.writerIndex() + count);
            boolean restDoesNotFit = left - count > all.writableBytes();
            if (!all.isWritable() || (restDoesNotFit && all.writableBytes() < SMALLEST)) {
                dropChunk();
            }
        }
    }

    private final class Allocator extends DefaultMaxMessagesRecvByteBufAllocator {
        Allocator() {
            super(READS_AT_ONCE);
        }

        @Override
        @SuppressWarnings("deprecation") // what Netty 4.2 calls
        public RecvByteBufAllocator.Handle newHandle() {
            return new MaxMessageHandle() {
                @Override
                public ByteBuf allocate(ByteBufAllocator buffers) {
                    return BodyReads.this.allocate(buffers);
                }

                @Override
                public int guess() {
                    return left == 0 ? FEW : MOST;
                }

                @Override
                public void lastBytesRead(int bytes) {
                    super.lastBytesRead(bytes);
                    received(bytes);
                }
            };
        }
    }
}
