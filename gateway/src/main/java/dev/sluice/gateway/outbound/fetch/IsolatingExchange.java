package dev.sluice.gateway.outbound.fetch;

import io.github.resilience4j.reactor.bulkhead.operator.BulkheadOperator;
import io.github.resilience4j.reactor.circuitbreaker.operator.CircuitBreakerOperator;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * Keeps one bad origin from hurting the others: a bulkhead bounds the exchanges with it that run or wait, a circuit
 * breaker stops asking one that keeps failing. The breaker is inside, so that a full bulkhead is not counted against
 * the origin.
 */
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
                        .transformDeferred(CircuitBreakerOperator.of(host.breaker()))
                        .transformDeferred(BulkheadOperator.of(host.bulkhead()))
                        .onErrorMap(error -> error instanceof ReaderException ? error : Failures.of(error)),
                hosts::leave);
    }

    /**
     * Whether {@code error} speaks against the origin. What the rules of this side refuse does not, nor does an answer
     * such as 404 or 429, which a healthy origin gives, nor a queue of this side that was too long.
     */
    static boolean isFault(Throwable error) {
        if (!(error instanceof FetchException failure)) {
            return false;
        }
        return switch (failure.failure()) {
            case UPSTREAM_STATUS -> failure.status() >= 500;
            case CONNECTION_FAILED, TIMED_OUT -> !(failure.getCause() instanceof TimeoutException);
            case BLOCKED_ADDRESS, INVALID_URL, TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING -> false;
        };
    }
}
