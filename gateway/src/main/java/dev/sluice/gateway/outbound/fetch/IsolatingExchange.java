package dev.sluice.gateway.outbound.fetch;

import io.github.resilience4j.reactor.bulkhead.operator.BulkheadOperator;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Keeps one slow origin from hurting the others: a bulkhead bounds the exchanges with it that run or wait. */
final class IsolatingExchange implements Exchange {
    private final OriginHosts hosts;
    private final Exchange exchange;

    IsolatingExchange(OriginHosts hosts, Exchange exchange) {
        this.hosts = hosts;
        this.exchange = exchange;
    }

    @Override
    public <T> Mono<T> get(Target target, Ask ask, Function<Answer, Mono<T>> reader) {
        return Mono.using(
                () -> hosts.enter(target),
                host -> exchange.get(target, ask, reader)
                        .transformDeferred(BulkheadOperator.of(host.bulkhead()))
                        .onErrorMap(error -> error instanceof ReaderException ? error : Failures.of(error)),
                hosts::leave);
    }
}
