package dev.sluice.limits.redis.connection;

import dev.sluice.limits.LimitChecks;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.resource.EpollProvider;
import io.lettuce.core.resource.ExtendedKeepAliveSupport;
import io.lettuce.core.resource.IOUringProvider;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjLongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a connection to Redis on which nothing at all is answered: the server's process stands still while its kernel
 * acknowledges what is sent, or its host is gone. Lettuce then connects again, and asks the sentinels, the resolver or
 * the cluster where the master is now. Commands that were not answered may be sent twice.
 *
 * <p>It belongs to the client's resources ({@code ClientResources.builder().nettyCustomizer(...)}) and so watches each
 * connection of their clients: to every node of a cluster, to sentinels, and those whose handshake is under way.
 *
 * <p>Any byte counts as an answer to all that was written before it. A Redis that is slow but answers something is
 * never left. Time in which this process stands still, or reads nothing on purpose, does not count.
 */
public final class SilentConnections implements NettyCustomizer {
    private static final Logger log = LoggerFactory.getLogger(SilentConnections.class);
    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final int MOST_TOLD = 1_000;
    private static final Duration LONGEST = Duration.ofMinutes(1);

    /** A peer whose system acknowledges nothing for so long is gone. */
    private static final Duration GONE = Duration.ofSeconds(5);

    private static final Duration KEEP_ALIVE_INTERVAL = Duration.ofSeconds(1);
    private static final int KEEP_ALIVE_COUNT = 5;

    private static final long TOLD_EVERY = Duration.ofMinutes(1).toNanos();

    private final Duration silence;
    /**
     * When an address was told of last: each of its connections is closed, and each new one as long as it stands still.
     */
    private final Map<SocketAddress, Long> toldAt = new ConcurrentHashMap<>();

    /** @param silence between what is written and the first byte of an answer, 100 ms to 1 min */
    public SilentConnections(Duration silence) {
        LimitChecks.period("connection", "silence", silence, SHORTEST, LONGEST);
        this.silence = silence;
    }

    /** Refuses a client whose connections are not watched: it would stay with a server that stands still. */
    public static void require(AbstractRedisClient client) {
        if (!(client.getResources().nettyCustomizer() instanceof SilentConnections)) {
            throw new IllegalArgumentException("client: its resources do not watch for a silent Redis (expected: "
                    + "ClientResources.builder().nettyCustomizer(new SilentConnections(…)))");
        }
    }

    /**
     * With these the system itself finds out about a host that is gone, on a connection that is idle too; as far as
     * this system can, for Lettuce connects nowhere if an option cannot be set.
     */
    public static SocketOptions sockets(Duration connectTimeout) {
        SocketOptions.Builder options =
                SocketOptions.builder().connectTimeout(connectTimeout).keepAlive(true);
        if (ExtendedKeepAliveSupport.isSupported()) {
            options.keepAlive(SocketOptions.KeepAliveOptions.builder()
                    .enable()
                    .idle(GONE)
                    .interval(KEEP_ALIVE_INTERVAL)
                    .count(KEEP_ALIVE_COUNT)
                    .build());
        }
        if (EpollProvider.isAvailable() || IOUringProvider.isAvailable()) {
            options.tcpUserTimeout(SocketOptions.TcpUserTimeoutOptions.builder()
                    .enable()
                    .tcpUserTimeout(GONE)
                    .build());
        }
        return options.build();
    }

    @Override
    public void afterChannelInitialized(Channel channel) {
        channel.pipeline().addFirst(new SilenceHandler(silence.toNanos(), this::tell));
    }

    private void tell(SocketAddress address, long now) {
        if (toldAt.size() > MOST_TOLD) {
            toldAt.clear();
        }
        Long before = toldAt.get(address);
        if (before == null || now - before > TOLD_EVERY) {
            toldAt.put(address, now);
            log.warn("Redis at {} has answered nothing for {} ms: connecting again", address, silence.toMillis());
        }
    }

    /** All of it runs on the channel's event loop. One timer at most is set, however many commands are written. */
    private static final class SilenceHandler extends ChannelDuplexHandler {
        private final long longestNanos;
        private final ObjLongConsumer<SocketAddress> closing;
        private boolean isUnanswered;
        private boolean isTimed;
        /** When the first write after the last answer was. */
        private long since;

        /** @param closing is told of the address, and of the time by the channel's clock */
        SilenceHandler(long longestNanos, ObjLongConsumer<SocketAddress> closing) {
            this.longestNanos = longestNanos;
            this.closing = closing;
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (!isUnanswered) {
                isUnanswered = true;
                since = now(ctx);
                if (!isTimed) {
                    look(ctx, longestNanos);
                }
            }
            var _ = ctx.write(message, promise);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            isUnanswered = false;
            ctx.fireChannelRead(message);
        }

        private void look(ChannelHandlerContext ctx, long nanos) {
            if (ctx.executor().isShuttingDown()) {
                return;
            }
            isTimed = true;
            long due = now(ctx) + nanos;
            var _ = ctx.executor().schedule(() -> timeIsOver(ctx, due), nanos, TimeUnit.NANOSECONDS);
        }

        private void timeIsOver(ChannelHandlerContext ctx, long due) {
            isTimed = false;
            if (!isUnanswered || !ctx.channel().isOpen()) {
                return;
            }
            long now = now(ctx);
            if (now - due > longestNanos / 4 || !ctx.channel().config().isAutoRead()) {
                // What has come meanwhile is not read yet.
                since = now;
            }
            long left = longestNanos - (now - since);
            if (left > 0) {
                look(ctx, left);
                return;
            }
            isTimed = true;
            long unansweredSince = since;
            // What has arrived by now is read before this runs.
            var _ = ctx.executor().schedule(() -> close(ctx, unansweredSince), 1, TimeUnit.MILLISECONDS);
        }

        private void close(ChannelHandlerContext ctx, long unansweredSince) {
            isTimed = false;
            if (isUnanswered && since == unansweredSince) {
                closing.accept(ctx.channel().remoteAddress(), now(ctx));
                var _ = ctx.close();
            } else if (isUnanswered) {
                look(ctx, longestNanos);
            }
        }

        private static long now(ChannelHandlerContext ctx) {
            return ctx.executor().ticker().nanoTime();
        }
    }
}
