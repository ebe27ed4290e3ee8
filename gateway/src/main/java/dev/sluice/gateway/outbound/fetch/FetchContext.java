package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.Caller;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What all steps of one fetch share, carried in the Reactor context.
 *
 * @param eventLoop where all of it runs
 * @param endNanos when it must be over, on the clock of {@link System#nanoTime()}
 * @param caller for whom it is done, as {@link Caller#accountable()}; empty for the gateway itself
 * @param brokenBodies bodies so far that broke off
 */
record FetchContext(
        EventLoopClients.EventLoopClient eventLoop, long endNanos, String caller, AtomicInteger brokenBodies) {

    static FetchContext of(ContextView context) {
        return context.get(FetchContext.class);
    }

    /** @param context of whoever subscribes to the fetch */
    static FetchContext start(EventLoopClients.EventLoopClient eventLoop, Duration deadline, ContextView context) {
        String caller = Caller.find(context).map(Caller::accountable).orElse("");
        return new FetchContext(eventLoop, System.nanoTime() + deadline.toNanos(), caller, new AtomicInteger());
    }

    Context into(Context context) {
        return context.put(FetchContext.class, this);
    }

    /** Counts one more broken body; returns whether a retry is allowed and can begin in time. */
    boolean mayRetry(FetchProperties.Retry bounds) {
        return brokenBodies.incrementAndGet() < bounds.tries()
                && bounds.backoff().compareTo(left()) < 0;
    }

    /** What is left of the deadline; not positive when it has passed. */
    Duration left() {
        return Duration.ofNanos(endNanos - System.nanoTime());
    }
}
