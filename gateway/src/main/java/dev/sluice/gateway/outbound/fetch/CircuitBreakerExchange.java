package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.OriginHosts.OriginHost;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.reactor.circuitbreaker.operator.CircuitBreakerOperator;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A circuit breaker for each origin. A request counts once, however often it is retried.
 *
 * <p>Callers choose the URLs, so no caller may open the breaker for the others by asking for what does not exist. A
 * failed connection counts at once; a failed or broken response counts when several callers have seen one. A breaker
 * that is not closed refuses callers with a recent failure, so that others try first.
 */
final class CircuitBreakerExchange implements Exchange {
    private final OriginHosts hosts;
    private final Exchange exchange;

    CircuitBreakerExchange(OriginHosts hosts, Exchange exchange) {
        this.hosts = hosts;
        this.exchange = exchange;
    }

    @Override
    public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            String caller = FetchContext.of(context).caller();
            return Mono.using(
                    () -> hosts.enter(target),
                    host -> host.failedRecently(caller)
                            ? Mono.error(FetchErrors.circuitOpen(null))
                            : exchange.get(target, options, reader)
                                    .onErrorMap(error ->
                                            counts(error, host, caller) ? error : new OriginHosts.NotCounted(error))
                                    .transformDeferred(CircuitBreakerOperator.of(host.breaker()))
                                    .onErrorMap(CircuitBreakerExchange::unwrapped),
                    hosts::leave);
        });
    }

    private static boolean counts(Throwable error, OriginHost host, String caller) {
        return error instanceof FetchException failure
                && isFault(failure)
                && (isOfConnecting(failure.getCause()) || host.recordFailure(caller));
    }

    private static Throwable unwrapped(Throwable error) {
        Throwable cause = error instanceof OriginHosts.NotCounted hidden ? hidden.error() : error;
        return cause instanceof FetchErrors.ReaderException ? cause : FetchErrors.of(cause);
    }

    /**
     * Whether a failure speaks against the origin. What the rules of this side refuse does not, nor does an answer such
     * as 404 or 429, which a healthy origin gives, nor a queue of this side that was too long.
     */
    private static boolean isFault(FetchException failure) {
        return switch (failure.failure()) {
            case UPSTREAM_STATUS -> failure.status() >= 500;
            case CONNECTION_FAILED, TIMED_OUT ->
                !(failure.getCause() instanceof TimeoutException)
                        && !(failure.getCause() instanceof BulkheadFullException);
            case BLOCKED_ADDRESS, INVALID_URL, TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING -> false;
        };
    }

    /** Whether no request was sent: then it does not matter what was asked for. */
    private static boolean isOfConnecting(@Nullable Throwable cause) {
        return cause instanceof ConnectException
                || cause instanceof NoRouteToHostException
                || cause instanceof UnknownHostException
                || cause instanceof SSLException;
    }
}
