package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/**
 * The lanes of all event loops. An exchange that starts on an event loop stays there, so that bytes pass from the
 * origin's connection to the client's without a change of thread.
 *
 * <p>The client's pool hands out idle connections of any loop. So each lane has a client whose event loop group is its
 * one loop, and thereby, as pools are told apart by their client's configuration, pools of its own.
 */
final class Lanes {
    private final List<Lane> lanes;
    private final AtomicInteger next = new AtomicInteger();

    /**
     * @param loops the event loops that serve inbound connections
     * @param client makes a client for the event loops it is given
     */
    Lanes(LoopResources loops, Function<LoopResources, HttpClient> client) {
        List<Lane> all = new ArrayList<>();
        for (EventExecutor executor : loops.onClient(LoopResources.DEFAULT_NATIVE)) {
            EventLoop loop = (EventLoop) executor;
            all.add(new Lane(loop, Schedulers.fromExecutorService(loop), client.apply(new OneLoop(loops, loop))));
        }
        lanes = List.copyOf(all);
    }

    /** How many lanes {@code loops} make. */
    static int count(LoopResources loops) {
        int count = 0;
        for (EventExecutor ignored : loops.onClient(LoopResources.DEFAULT_NATIVE)) {
            count++;
        }
        return count;
    }

    /** The lane of the current thread; on any other thread than an event loop, the next in turn. */
    Lane choose() {
        for (Lane lane : lanes) {
            if (lane.loop().inEventLoop()) {
                return lane;
            }
        }
        return lanes.get(Math.floorMod(next.getAndIncrement(), lanes.size()));
    }

    /** One of the loops of {@code all} as if there were no other. */
    private record OneLoop(LoopResources all, EventLoop loop) implements LoopResources {
        @Override
        public EventLoopGroup onServer(boolean useNative) {
            return loop;
        }

        @Override
        public <C extends Channel> C onChannel(Class<C> channelType, EventLoopGroup group) {
            return all.onChannel(channelType, group);
        }

        @Override
        public <C extends Channel> Class<? extends C> onChannelClass(Class<C> channelType, EventLoopGroup group) {
            return all.onChannelClass(channelType, group);
        }
    }
}
