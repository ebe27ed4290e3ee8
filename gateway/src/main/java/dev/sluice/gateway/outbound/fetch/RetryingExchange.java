package dev.sluice.gateway.outbound.fetch;

import io.github.resilience4j.core.functions.Either;
import io.github.resilience4j.reactor.retry.RetryOperator;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.netty.handler.codec.PrematureChannelClosureException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Tries again what may go better: connections that fail, 5xx and 429. Never once an answer was offered to the reader,
 * and never when the wait would outlast the deadline: then the failure is told at once.
 *
 * <p>Waits double from try to try, half of each at random so that many who failed together do not come back together.
 * An origin's {@code Retry-After} is waited for in full.
 */
final class RetryingExchange implements Exchange {
    private static final int TOO_MANY_REQUESTS = 429;

    private final Exchange exchange;
    private final FetchProperties.Retry bounds;
    private final Runnable onRetry;

    /** @param onRetry told before each further try */
    RetryingExchange(FetchProperties.Retry bounds, Runnable onRetry, Exchange exchange) {
        this.bounds = bounds;
        this.onRetry = onRetry;
        this.exchange = exchange;
    }

    @Override
    public <T> Mono<T> get(Target target, Ask ask, Function<Answer, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            var offered = new AtomicBoolean();
            Retry retry = Retry.of("fetch", config(Trip.of(context), offered));
            retry.getEventPublisher().onRetry(event -> onRetry.run());
            Function<Answer, Mono<T>> once = answer -> {
                offered.set(true);
                return reader.apply(answer);
            };
            return exchange.get(target, ask, once).transformDeferred(RetryOperator.of(retry));
        });
    }

    private RetryConfig config(Trip trip, AtomicBoolean offered) {
        return RetryConfig.custom()
                .maxAttempts(bounds.tries())
                .failAfterMaxAttempts(false)
                .retryOnException(error -> !offered.get()
                        && mayGoBetter(error)
                        && longestWait(error).compareTo(trip.left()) < 0)
                .intervalBiFunction(
                        (attempt, outcome) -> pause(attempt, outcome).toMillis())
                .build();
    }

    private static boolean mayGoBetter(Throwable error) {
        if (!(error instanceof FetchException failure)) {
            return false;
        }
        return switch (failure.failure()) {
            case UPSTREAM_STATUS -> failure.status() >= 500 || failure.status() == TOO_MANY_REQUESTS;
            case CONNECTION_FAILED, TIMED_OUT -> isConnectionError(failure.getCause());
            case BLOCKED_ADDRESS, INVALID_URL, TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING -> false;
        };
    }

    /** A name that has no address and a certificate that is not trusted stay so. */
    private static boolean isConnectionError(@Nullable Throwable cause) {
        return (cause instanceof IOException || cause instanceof PrematureChannelClosureException)
                && !(cause instanceof UnknownHostException)
                && !(cause instanceof SSLException);
    }

    private Duration longestWait(Throwable error) {
        return error.getCause() instanceof RetryAfter asked ? asked.pause() : Duration.ZERO;
    }

    private Duration pause(int attempt, Either<Throwable, Object> outcome) {
        Duration doubled = bounds.backoff().multipliedBy(1L << Math.min(attempt - 1, 20));
        long full = (doubled.compareTo(bounds.maxBackoff()) < 0 ? doubled : bounds.maxBackoff()).toMillis();
        long jittered = full - ThreadLocalRandom.current().nextLong(full / 2 + 1);
        Duration backoff = Duration.ofMillis(Math.max(1, jittered));
        Duration asked = outcome.isLeft() ? longestWait(outcome.getLeft()) : Duration.ZERO;
        return asked.compareTo(backoff) > 0 ? asked : backoff;
    }
}
