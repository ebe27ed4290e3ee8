package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.RequestResources;
import dev.sluice.gateway.contract.Spent;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Usage;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What one request holds while its exchange lasts. However that ends (complete, error or cancel), the permit is
 * settled, also one that arrives later, and then {@link RequestResources} are freed. A permit is renewed until then.
 */
public final class ExchangeScope {
    private static final String ATTRIBUTE = ExchangeScope.class.getName();
    private static final Supplier<Mono<Void>> ENDED = Mono::empty;

    /** How to settle: null before there is a permit, {@link #ENDED} once the exchange is over. */
    private final AtomicReference<@Nullable Supplier<Mono<Void>>> settling = new AtomicReference<>();

    private final Disposable resources;

    private ExchangeScope(Disposable resources) {
        this.resources = resources;
    }

    /**
     * The exchange, whose end waits for the settlement: a client's next request finds the slot free. To be called once
     * an exchange, when it is subscribed to.
     */
    public static Mono<Void> around(ServerWebExchange exchange, Mono<Void> handling) {
        ExchangeScope scope = new ExchangeScope(RequestResources.begin(exchange));
        exchange.getAttributes().put(ATTRIBUTE, scope);
        return Flux.usingWhen(
                        Mono.just(scope),
                        held -> handling.flux(),
                        ExchangeScope::end,
                        (held, error) -> held.end(),
                        ExchangeScope::end)
                .then();
    }

    /**
     * Keeps the permit of this exchange.
     *
     * @param units which limit is settled by which unit of the request's account
     */
    static void hold(ServerWebExchange exchange, Permit permit, Map<String, String> units) {
        ExchangeScope held = exchange.getRequiredAttribute(ATTRIBUTE);
        Disposable renewal = permit.renewalPeriod()
                .map(period -> Flux.interval(period)
                        .onBackpressureDrop()
                        .concatMap(tick -> permit.renew(), 0)
                        .subscribe())
                .orElseGet(Disposables::disposed);
        Supplier<Mono<Void>> settlement = () -> Mono.defer(() -> {
            renewal.dispose();
            return permit.settle(usage(Spent.of(exchange), units));
        });
        if (!held.settling.compareAndSet(null, settlement)) {
            // The exchange has ended already; nobody waits for this any more.
            settlement.get().subscribe();
        }
    }

    private Mono<Void> end() {
        Supplier<Mono<Void>> settlement = settling.getAndSet(ENDED);
        if (settlement == null) {
            resources.dispose();
            return Mono.empty();
        }
        return settlement.get().doFinally(settled -> resources.dispose());
    }

    /** A unit that nobody has counted was not used. */
    private static Usage usage(Spent spent, Map<String, String> units) {
        Map<String, Long> used = new HashMap<>();
        Map<String, Long> account = spent.units();
        units.forEach((limit, unit) -> used.put(limit, account.getOrDefault(unit, 0L)));
        return new Usage(used);
    }
}
