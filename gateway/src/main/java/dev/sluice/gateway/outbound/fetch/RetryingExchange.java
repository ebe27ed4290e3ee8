package dev.sluice.gateway.outbound.fetch;

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
import reactor.util.retry.Retry;

/**
 * Retries failed connections, 5xx and 429. Never once a response was offered to the reader, and never when the wait
 * would outlast the deadline: then the failure is emitted at once.
 *
 * <p>Waits double from try to try, half of each at random so that many who failed together do not come back together.
 * An origin's {@code Retry-After} is waited for in full.
 */
final class RetryingExchange implements Exchange {
    private static final int TOO_MANY_REQUESTS = 429;

    private final Exchange exchange;
    private final FetchProperties.Retry bounds;
    private final Runnable onRetry;

    /** @param onRetry called before each retry */
    RetryingExchange(FetchProperties.Retry bounds, Runnable onRetry, Exchange exchange) {
        this.bounds = bounds;
        this.onRetry = onRetry;
        this.exchange = exchange;
    }

    @Override
    public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            FetchContext fetch = FetchContext.of(context);
            var offered = new AtomicBoolean();
            Function<Response, Mono<T>> once = response -> {
                offered.set(true);
                return reader.apply(response);
            };
            return exchange.get(target, options, once)
                    .retryWhen(Retry.from(
                            failures -> failures.concatMap(signal -> pauseOrFailure(signal, fetch, offered.get()))));
        });
    }

    private Mono<Long> pauseOrFailure(Retry.RetrySignal signal, FetchContext fetch, boolean offered) {
        Throwable failure = signal.failure();
        Duration asked = FetchErrors.retryAfter(failure);
        if (offered
                || signal.totalRetries() + 1 >= bounds.tries()
                || !isRetryable(failure)
                || asked.compareTo(fetch.left()) >= 0) {
            return Mono.error(failure);
        }
        onRetry.run();
        Duration backoff = backoff(signal.totalRetries());
        return Mono.delay(
                asked.compareTo(backoff) > 0 ? asked : backoff,
                fetch.eventLoop().scheduler());
    }

    private static boolean isRetryable(Throwable error) {
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

    private Duration backoff(long retries) {
        Duration doubled = bounds.backoff().multipliedBy(1L << Math.min(retries, 20));
        long full = (doubled.compareTo(bounds.maxBackoff()) < 0 ? doubled : bounds.maxBackoff()).toMillis();
        long jittered = full - ThreadLocalRandom.current().nextLong(full / 2 + 1);
        return Duration.ofMillis(Math.max(1, jittered));
    }
}
