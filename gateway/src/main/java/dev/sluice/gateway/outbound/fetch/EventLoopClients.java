package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/**
 * One client for each event loop. An exchange that starts on an event loop stays there, so that bytes pass from the
 * origin's connection to the client's without a change of thread.
 *
 * <p>The client's pool hands out idle connections of any loop. So each event loop has a client whose event loop group
 * is its one loop, and thereby, as pools are told apart by their client's configuration, pools of its own.
 */
final class EventLoopClients {
    private final List<EventLoopClient> clients;
    private final AtomicInteger next = new AtomicInteger();

    /**
     * @param loops the event loops that serve inbound connections
     * @param client makes a client for the event loops it is given
     */
    EventLoopClients(LoopResources loops, Function<LoopResources, HttpClient> client) {
        List<EventLoopClient> all = new ArrayList<>();
        for (EventExecutor executor : loops.onClient(LoopResources.DEFAULT_NATIVE)) {
            EventLoop loop = (EventLoop) executor;
            all.add(new EventLoopClient(
                    loop, Schedulers.fromExecutorService(loop), client.apply(new OneLoop(loops, loop))));
        }
        clients = List.copyOf(all);
    }

    /** How many event loops there are. */
    static int count(LoopResources loops) {
        int count = 0;
        for (EventExecutor ignored : loops.onClient(LoopResources.DEFAULT_NATIVE)) {
            count++;
        }
        return count;
    }

    /** The client of the current thread; on any other thread than an event loop, the next in turn. */
    EventLoopClient choose() {
        for (EventLoopClient eventLoop : clients) {
            if (eventLoop.loop().inEventLoop()) {
                return eventLoop;
            }
        }
        return clients.get(Math.floorMod(next.getAndIncrement(), clients.size()));
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

    /**
     * One event loop and what an exchange on it needs, so that no exchange changes its thread.
     *
     * @param loop the only thread of connections, timers and readers of this client
     * @param scheduler the same, as Reactor sees it
     * @param client opens its connections on this loop only
     */
    record EventLoopClient(EventLoop loop, Scheduler scheduler, HttpClient client) {

        /** Subscribes to {@code source} on this event loop: at once when that is the current one. */
        <T> Mono<T> run(Mono<T> source) {
            return loop.inEventLoop() ? source : source.subscribeOn(scheduler);
        }
    }
}
