package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.netty.NettyPipeline;

@SuppressWarnings("deprecation") // Handle, as Netty 4.2 calls what allocates
class BodyReadsTest {
    private static final int KB = 1024;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<ByteBuf> read = new ArrayList<>();
    private RecvByteBufAllocator.Handle reads;

    @BeforeEach
    void install() {
        // Without a pool a buffer stays what it was after its release, to be looked at.
        channel.config().setAllocator(UnpooledByteBufAllocator.DEFAULT);
        channel.pipeline().addLast(NettyPipeline.HttpCodec, new HttpClientCodec());
        BodyReads.install(channel);
        reads = channel.config().getRecvByteBufAllocator().newHandle();
    }

    @AfterEach
    void nothingIsLeft() {
        channel.finishAndReleaseAll();
        read.forEach(buffer -> assertThat(root(buffer).refCnt()).isZero());
    }

    /** What the decoder hands on when it has read a head. */
    private void head(long length) {
        var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
        channel.pipeline().context(NettyPipeline.HttpCodec).fireChannelRead(response);
    }

    private void handOn(HttpContent content) {
        channel.pipeline().context(NettyPipeline.HttpCodec).fireChannelRead(content);
        HttpContent came = channel.readInbound() instanceof HttpContent next ? next : channel.readInbound();
        came.release();
    }

    /** One system call that brings so much; the reader is done with it at once, or never by itself. */
    private ByteBuf read(int bytes) {
        ByteBuf buffer = reads.allocate(channel.alloc());
        read.add(buffer);
        assertThat(buffer.writableBytes()).isGreaterThanOrEqualTo(bytes);
        buffer.writerIndex(bytes);
        reads.lastBytesRead(bytes);
        return buffer;
    }

    private void body(int bytes) {
        handOn(new DefaultHttpContent(read(bytes)));
    }

    private static ByteBuf root(ByteBuf buffer) {
        ByteBuf root = buffer;
        while (root.unwrap() != null) {
            root = root.unwrap();
        }
        return root;
    }

    @Test
    void headsAndShortBodiesAreReadInSmallBuffers() {
        assertThat(read(100).capacity()).isEqualTo(BodyReads.FEW);
        read.getLast().release();
        head(BodyReads.FEW);
        assertThat(read(100).capacity()).isEqualTo(BodyReads.FEW);
        read.getLast().release();
    }

    @Test
    void readsOfALongBodyShareMemoryUntilItIsFull() {
        head(5_000_000);
        body(62 * KB);
        body(180 * KB);
        assertThat(root(read.get(0))).isSameAs(root(read.get(1)));

        body(BodyReads.MOST); // 14 KB are left of the first chunk: not worth a call
        assertThat(read.get(2).capacity()).isEqualTo(BodyReads.MOST);
    }

    @Test
    void lastChunkIsAsLongAsWhatIsLeftOfTheBody() {
        head(BodyReads.MOST + 20 * KB);
        body(BodyReads.MOST);
        assertThat(read(10 * KB).capacity()).isEqualTo(20 * KB);
        handOn(new DefaultHttpContent(read.getLast()));
        handOn(new DefaultLastHttpContent(read(10 * KB)));
        assertThat(root(read.get(1))).isSameAs(root(read.get(2)));

        assertThat(read(1).capacity()).isEqualTo(BodyReads.FEW); // the next head
        read.getLast().release();
    }

    @Test
    void connectionThatEndsInTheMiddleKeepsNothing() {
        head(5_000_000);
        body(KB);
        var _ = channel.close();
    }

    @Test
    void bytesThatAreKeptStayAsTheyWereRead() {
        head(5_000_000);
        ByteBuf first = read(KB).setByte(0, 1);
        ByteBuf second = read(KB).setByte(0, 2);
        assertThat(first.getByte(0)).isEqualTo((byte) 1);
        assertThat(second.getByte(0)).isEqualTo((byte) 2);
        first.release();
        second.release();
    }
}
