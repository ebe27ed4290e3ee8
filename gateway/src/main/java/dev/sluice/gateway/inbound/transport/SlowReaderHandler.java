package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.ClientConnection;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.channel.MessageSizeEstimator;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * Cuts off a client that stops reading, or reads so slowly that it may as well have. A connection is closed when it had
 * bytes to send for the whole of {@code window} and the socket took fewer of them than {@code slowest} a second; one
 * that merely has nothing to send is left alone. Closing cancels whatever produces the answer, and with it come back
 * its buffers, reservations and connections.
 *
 * <p>First in the pipeline of one connection; runs on its event loop.
 */
final class SlowReaderHandler extends ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(SlowReaderHandler.class);
    private static final int CHECKS_PER_WINDOW = 10;

    private final long windowNanos;
    private final long slowestPerSecond;
    private MessageSizeEstimator.@Nullable Handle sizes;
    private @Nullable Future<?> nextLook;
    private long written;
    private long filesWaiting; // their bytes, which the channel's own account leaves out
    private long windowStart;
    private long takenAtStart;
    private volatile ClientConnection.Taken seen = new ClientConnection.Taken(0, false, 0);
    private volatile @Nullable ChannelHandlerContext self;

    SlowReaderHandler(Duration window, DataSize slowest) {
        this.windowNanos = window.toNanos();
        this.slowestPerSecond = slowest.toBytes();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        self = context;
        sizes = context.channel().config().getMessageSizeEstimator().newHandle();
        restart(context, 0);
        long pause = Math.max(1, windowNanos / CHECKS_PER_WINDOW);
        nextLook = context.executor().scheduleWithFixedDelay(() -> look(context), pause, pause, TimeUnit.NANOSECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (nextLook != null) {
            nextLook.cancel(false);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
        if (message instanceof FileRegion file) {
            super.write(context, message, waiting(file, promise));
        } else {
            if (sizes != null) {
                written += sizes.size(message);
            }
            super.write(context, message, promise);
        }
    }

    private ChannelPromise waiting(FileRegion file, ChannelPromise promise) {
        long bytes = file.count();
        written += bytes;
        filesWaiting += bytes;
        return promise.unvoid().addListener(sent -> filesWaiting -= bytes);
    }

    private void look(ChannelHandlerContext context) {
        ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
        long pending = pending(context);
        // A buffer that is half out still counts as pending whole.
        long taken = written - pending + (waiting == null ? 0 : waiting.currentProgress());
        long now = context.executor().ticker().nanoTime();
        seen = new ClientConnection.Taken(taken, pending > 0, now);
        long elapsed = now - windowStart;
        if (pending == 0) {
            restart(context, taken);
        } else if (elapsed >= windowNanos) {
            long wanted = Math.max(1, slowestPerSecond * TimeUnit.NANOSECONDS.toMillis(elapsed) / 1000);
            if (taken - takenAtStart < wanted) {
                cutOff(context, "does not read", pending);
            } else {
                restart(context, taken);
            }
        }
    }

    private long pending(ChannelHandlerContext context) {
        ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
        return filesWaiting + (waiting == null ? 0 : waiting.totalPendingWriteBytes());
    }

    private void restart(ChannelHandlerContext context, long taken) {
        windowStart = context.executor().ticker().nanoTime();
        takenAtStart = taken;
    }

    /** How far the client was at the last look; on any thread. */
    ClientConnection.Taken taken() {
        return seen;
    }

    /** Cuts it off for another reason; on any thread. */
    void cutOff(String why) {
        ChannelHandlerContext context = self;
        if (context != null) {
            context.executor().execute(() -> cutOff(context, why, pending(context)));
        }
    }

    private static void cutOff(ChannelHandlerContext context, String why, long pending) {
        LOG.info(
                "client {} {}; cut off with {} bytes to send", context.channel().remoteAddress(), why, pending);
        var _ = context.channel().close(); // through all handlers: one knows that an answer is cut
    }
}
