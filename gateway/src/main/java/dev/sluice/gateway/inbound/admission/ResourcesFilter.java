package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.RequestResources;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Frees what a request holds when its exchange has ended: complete, error or cancel. */
@Order(-41)
public final class ResourcesFilter implements WebFilter {

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        return Mono.defer(() -> {
            Disposable held = RequestResources.begin(exchange);
            return chain.filter(exchange).doFinally(end -> held.dispose());
        });
    }
}
