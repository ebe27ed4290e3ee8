package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchErrors.BrokenBodyException;
import dev.sluice.gateway.outbound.retry.Backoff;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import io.netty.handler.codec.PrematureChannelClosureException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * The retries of a fetch: of exchanges that fail, and of bodies that break off. Never when the pause would outlast the
 * deadline: then the failure is emitted at once. An origin's {@code Retry-After} is waited for in full.
 */
final class FetchRetries {
    private static final int TOO_MANY_REQUESTS = 429;

    private final RetryPolicy policy;
    private final Runnable onRetry;

    /** @param onRetry called before each retry */
    FetchRetries(FetchProperties.Retry bounds, Runnable onRetry) {
        this.policy = new RetryPolicy(
                bounds.tries() - 1, new Backoff(bounds.backoff(), bounds.maxBackoff(), Backoff.Jitter.HALF));
        this.onRetry = onRetry;
    }

    /**
     * Emits when a body that broke off may be asked for again, in part or whole, or fails with {@code failure}; all of
     * a fetch share their retries.
     */
    Mono<Long> pauseOrFailure(Throwable failure, FetchContext fetch) {
        int retried = fetch.brokenBodies().getAndIncrement();
        return policy.pauseOrFailure(failure, retried, fetch.deadline(), failures(BrokenBodyException::is));
    }

    private RetryPolicy.Failures failures(Predicate<Throwable> isRetryable) {
        return new RetryPolicy.Failures(isRetryable, FetchErrors::retryAfter, (failure, pause) -> onRetry.run());
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

    /** Retries failed connections, 5xx and 429. Never once a response was offered to the reader. */
    record RetryingExchange(FetchRetries retries, Exchange exchange) implements Exchange {
        @Override
        public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
            return Mono.deferContextual(context -> {
                var offered = new AtomicBoolean();
                Function<Response, Mono<T>> once = response -> {
                    offered.set(true);
                    return reader.apply(response);
                };
                return exchange.get(target, options, once)
                        .retryWhen(retries.policy.until(
                                FetchContext.of(context).deadline(),
                                retries.failures(failure -> !offered.get() && isRetryable(failure))));
            });
        }
    }

    /**
     * Fetches again, from the first URL and the first byte, what broke off in the middle and could not be continued.
     * The reader is then called again, with the new body.
     */
    record RestartingFetch(FetchRetries retries, OriginFetch fetch) implements OriginFetch {
        @Override
        public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
            return Mono.deferContextual(context -> fetch.fetch(request, reader)
                    .retryWhen(Retry.from(failures -> failures.concatMap(
                            signal -> retries.pauseOrFailure(signal.failure(), FetchContext.of(context))))));
        }
    }
}
