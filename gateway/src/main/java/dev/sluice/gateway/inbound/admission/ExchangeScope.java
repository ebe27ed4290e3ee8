package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Usage;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Ties permits and resources to one exchange. However the exchange ends (complete, error or cancel), its permit is
 * settled, also one that arrives later, and then the resources of its {@link RequestContext} are freed. A permit is
 * renewed until then.
 */
public final class ExchangeScope {
    private ExchangeScope() {}

    /**
     * The exchange, whose end waits for the settlement: a client's next request finds the slot free. To be called once
     * an exchange, when it is subscribed to.
     */
    public static Mono<Void> around(ServerWebExchange exchange, Supplier<Mono<Void>> handling) {
        return Flux.usingWhen(
                        Mono.just(RequestContext.of(exchange)),
                        context -> handling.get().flux(),
                        RequestContext::end,
                        (context, error) -> context.end(),
                        RequestContext::end)
                .then();
    }

    /**
     * Registers the permit of this exchange: it is renewed while the exchange lasts and settled at its end.
     *
     * @param units which limit is settled by which unit of the request's account
     */
    static void register(ServerWebExchange exchange, Permit permit, Map<String, String> units) {
        RequestContext context = RequestContext.of(exchange);
        Disposable renewal = permit.renewalPeriod()
                .map(period -> Flux.interval(period)
                        .onBackpressureDrop()
                        .concatMap(tick -> permit.renew(), 0)
                        .subscribe())
                .orElseGet(Disposables::disposed);
        Supplier<Mono<Void>> settlement = () -> Mono.defer(() -> {
            renewal.dispose();
            return permit.settle(usage(context.usage(), units));
        });
        if (!context.settleAtEnd(settlement)) {
            // The exchange has ended already; nobody waits for this any more.
            settlement.get().subscribe();
        }
    }

    private static Usage usage(RequestUsage account, Map<String, String> units) {
        Map<String, Long> used = new HashMap<>();
        units.forEach((limit, unit) -> used.put(limit, account.of(unit)));
        return new Usage(used);
    }
}
