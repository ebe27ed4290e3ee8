package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Spent;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Usage;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The permit of one request, renewed while the exchange lasts and settled when it has ended: complete, error or cancel,
 * also when it ends before the permit arrives.
 */
final class HeldPermit {
    private static final String ATTRIBUTE = HeldPermit.class.getName();
    private static final Supplier<Mono<Void>> ENDED = Mono::empty;

    /** How to settle: null before there is a permit, {@link #ENDED} once the exchange is over. */
    private final AtomicReference<@Nullable Supplier<Mono<Void>>> settling = new AtomicReference<>();

    /** Ends every exchange with its settlement; a client's next request finds the slot free. */
    @Order(-40)
    static final class Filter implements WebFilter {
        @Override
        public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
            HeldPermit held = new HeldPermit();
            exchange.getAttributes().put(ATTRIBUTE, held);
            return Flux.usingWhen(
                            Mono.just(held),
                            permit -> chain.filter(exchange).flux(),
                            HeldPermit::settle,
                            (permit, error) -> permit.settle(),
                            HeldPermit::settle)
                    .then();
        }
    }

    /**
     * Keeps the permit of this exchange.
     *
     * @param units which limit is settled by which unit of the request's account
     */
    static void hold(ServerWebExchange exchange, Permit permit, Map<String, String> units) {
        HeldPermit held = exchange.getRequiredAttribute(ATTRIBUTE);
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

    private Mono<Void> settle() {
        Supplier<Mono<Void>> settlement = settling.getAndSet(ENDED);
        return settlement == null ? Mono.empty() : settlement.get();
    }

    /** A unit that nobody has counted was not used. */
    private static Usage usage(Spent spent, Map<String, String> units) {
        Map<String, Long> used = new HashMap<>();
        Map<String, Long> account = spent.units();
        units.forEach((limit, unit) -> used.put(limit, account.getOrDefault(unit, 0L)));
        return new Usage(used);
    }
}
