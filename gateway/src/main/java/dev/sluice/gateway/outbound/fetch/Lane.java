package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.EventLoop;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;

/**
 * One event loop and what an exchange on it needs, so that no exchange changes its thread.
 *
 * @param loop the only thread of connections, timers and readers of this lane
 * @param scheduler the same, as Reactor sees it
 * @param client opens its connections on this loop only
 */
record Lane(EventLoop loop, Scheduler scheduler, HttpClient client) {

    /** Subscribes to {@code source} on this lane's thread: at once when that is the current one. */
    <T> Mono<T> run(Mono<T> source) {
        return loop.inEventLoop() ? source : source.subscribeOn(scheduler);
    }
}
