package dev.sluice.gateway.contract;

import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.Disposables;

/**
 * What one request holds until it is over: whatever is added is disposed of when the exchange has ended, whichever way,
 * or at once when it has ended already. For what is taken before it is known whether the answer will ever be written.
 */
public final class RequestResources {
    private static final String ATTRIBUTE = RequestResources.class.getName();

    private RequestResources() {}

    /** Begins to hold; called once, by the filter that ends it. */
    public static Disposable begin(ServerWebExchange exchange) {
        Disposable.Composite held = Disposables.composite();
        exchange.getAttributes().put(ATTRIBUTE, held);
        return held;
    }

    /** What this request holds. */
    public static Disposable.Composite of(ServerWebExchange exchange) {
        return exchange.getRequiredAttribute(ATTRIBUTE);
    }
}
