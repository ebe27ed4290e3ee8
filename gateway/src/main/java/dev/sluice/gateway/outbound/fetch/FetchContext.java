package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.outbound.retry.CallDeadline;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What all steps of one fetch share, carried in the Reactor context.
 *
 * @param eventLoop where all of it runs
 * @param deadline when it must be over
 * @param caller for whom it is done, as {@link Caller#accountable()}; empty for the gateway itself
 * @param brokenBodies bodies so far that broke off
 */
record FetchContext(
        EventLoopClients.EventLoopClient eventLoop, CallDeadline deadline, String caller, AtomicInteger brokenBodies) {

    static FetchContext of(ContextView context) {
        return context.get(FetchContext.class);
    }

    /** @param context of whoever subscribes to the fetch */
    static FetchContext start(EventLoopClients.EventLoopClient eventLoop, Duration deadline, ContextView context) {
        String caller = Caller.find(context).map(Caller::accountable).orElse("");
        return new FetchContext(
                eventLoop, CallDeadline.in(deadline, eventLoop.scheduler()), caller, new AtomicInteger());
    }

    Context into(Context context) {
        return context.put(FetchContext.class, this);
    }
}
