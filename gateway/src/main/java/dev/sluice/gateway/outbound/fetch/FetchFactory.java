package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.contract.trace.TraceSpan;
import dev.sluice.gateway.outbound.fetch.FetchRetries.RestartingFetch;
import dev.sluice.gateway.outbound.fetch.FetchRetries.RetryingExchange;
import dev.sluice.gateway.outbound.imagetype.ImageTypes;
import dev.sluice.zipstream.BodyTotals;
import dev.sluice.zipstream.MinimumRate;
import io.github.resilience4j.reactor.bulkhead.operator.BulkheadOperator;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import reactor.core.publisher.Mono;

/** Builds the chain of a fetch. */
final class FetchFactory {
    private FetchFactory() {}

    /**
     * A fetch: each line wraps those below it.
     *
     * @param urls judges every URL
     * @param userAgent sent with every request
     * @param clock for dates in {@code Retry-After}
     */
    static OriginFetch create(
            FetchProperties properties,
            FetchTransport transport,
            OriginUrls urls,
            String userAgent,
            MeterRegistry registry,
            Clock clock) {
        var metrics = new FetchMetrics(registry);
        var hosts = new OriginHosts(properties, transport::forget);
        metrics.watch(hosts);
        var retries = new FetchRetries(properties.retry(), metrics::retried);

        Exchange exchange = chain(
                List.<UnaryOperator<Exchange>>of(
                        inner -> new CircuitBreakerExchange(hosts, inner), // a request counts once, retries included
                        inner -> new RetryingExchange(retries, inner), // what may pass by itself
                        inner -> new BulkheadExchange(hosts, inner), // each try takes a permit of its origin
                        inner -> new StatusExchange(clock, inner), // a failing status is an error to all above
                        TracedExchange::new), // each request that goes out, in the trace of whom it is made for
                new NettyExchange(userAgent, properties.firstByteTimeout())); // connects, to judged addresses only

        return chain(
                List.<UnaryOperator<OriginFetch>>of(
                        inner -> new MeteredFetch(metrics, inner), // every outcome, the deadline's included
                        inner -> new DeadlineFetch(transport.clients(), inner), // all below, on one event loop
                        inner -> new RestartingFetch(retries, inner)), // signed redirects change
                // Judges each hop's URL before the exchange sees it. A hop that is refused is refused for good, and a
                // later hop that fails does not repeat the earlier ones.
                new RedirectingFetch(urls, properties.maxRedirects(), responses(properties, retries), exchange));
    }

    private static <T> T chain(List<UnaryOperator<T>> outermostFirst, T innermost) {
        T chain = innermost;
        for (UnaryOperator<T> decorator : outermostFirst.reversed()) {
            chain = decorator.apply(chain);
        }
        return chain;
    }

    private static ResponseGuard responses(FetchProperties properties, FetchRetries retries) {
        FetchProperties.Rate rate = properties.minimumRate();
        var minimum = new MinimumRate(rate.bytesPerSecond().toBytes(), rate.grace());
        return new ResponseGuard(new BodyGuard(minimum, retries), new ImageGuard(new ImageTypes()));
    }

    /** Measures every fetch once, however it ends. */
    private static final class MeteredFetch implements OriginFetch {
        private final FetchMetrics metrics;
        private final OriginFetch fetch;

        MeteredFetch(FetchMetrics metrics, OriginFetch fetch) {
            this.metrics = metrics;
            this.fetch = fetch;
        }

        @Override
        public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
            return Mono.deferContextual(context -> {
                Timer.Sample sample = metrics.start();
                Received received = new Received();
                Optional<RequestUsage> usage = RequestUsage.find(context);
                Runnable count = () -> {
                    long bytes = received.newBytes();
                    metrics.received(bytes);
                    usage.ifPresent(account -> account.fetch(bytes));
                };
                return fetch.fetch(request, response -> reader.apply(received.begun(response)))
                        .doOnTerminate(count)
                        .doOnCancel(count)
                        .doOnSuccess(result -> metrics.ended(sample, "ok"))
                        .doOnError(error -> failed(sample, error))
                        .doOnCancel(() -> metrics.ended(sample, "cancelled"));
            });
        }

        /** Bytes of one fetch, which may begin its body more than once. */
        private static final class Received {
            private final List<BodyTotals> bodies = new CopyOnWriteArrayList<>();
            private final AtomicLong told = new AtomicLong();

            OriginResponse begun(OriginResponse response) {
                bodies.add(response.totals());
                return response;
            }

            /** Those that were not told of before: a fetch that has ended may be cancelled too. */
            long newBytes() {
                long all = bodies.stream().mapToLong(BodyTotals::bytes).sum();
                return all - told.getAndSet(all);
            }
        }

        private void failed(Timer.Sample sample, Throwable error) {
            if (!(error instanceof FetchException known)) {
                metrics.ended(sample, "reader_failed");
                return;
            }
            metrics.ended(sample, known.failure().code());
            switch (known.failure()) {
                case BLOCKED_ADDRESS, INVALID_URL, TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING ->
                    metrics.refused(known.failure());
                case TIMED_OUT, UPSTREAM_STATUS, CONNECTION_FAILED -> {}
            }
        }
    }

    /**
     * Shows each request in the trace of the one that it is made for, until its answer has been read. Nothing of the
     * trace goes out with it: callers choose the origins.
     */
    private static final class TracedExchange implements Exchange {
        private static final TraceSpan.Operation GET =
                new TraceSpan.Operation("GET", SpanKind.CLIENT, TracedExchange::kind);
        private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
        private static final AttributeKey<String> SCHEME = AttributeKey.stringKey("url.scheme");
        private static final AttributeKey<String> HOST = AttributeKey.stringKey("server.address");
        private static final AttributeKey<Long> PORT = AttributeKey.longKey("server.port");
        private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");

        private final Exchange exchange;

        TracedExchange(Exchange exchange) {
            this.exchange = exchange;
        }

        @Override
        public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
            return TraceSpan.mono(GET, span -> {
                if (!span.isRecorded()) {
                    return exchange.get(target, options, reader);
                }
                span.set(METHOD, "GET")
                        .set(SCHEME, target.isSecure() ? "https" : "http")
                        .set(HOST, target.host())
                        .set(PORT, (long) target.port());
                return exchange.get(target, options, response -> {
                    span.set(STATUS, (long) response.status());
                    return reader.apply(response);
                });
            });
        }

        private static String kind(Throwable error) {
            return switch (error) {
                case FetchException known
                when known.failure() == FetchFailure.UPSTREAM_STATUS -> Integer.toString(known.status());
                case FetchException known -> known.failure().code();
                default -> "reader_failed";
            };
        }
    }

    /**
     * Runs a fetch on one event loop and ends it at its deadline, whatever it waits for. Everything inside runs on that
     * event loop's thread, and so does the timer.
     */
    private static final class DeadlineFetch implements OriginFetch {
        private final EventLoopClients clients;
        private final OriginFetch fetch;

        DeadlineFetch(EventLoopClients clients, OriginFetch fetch) {
            this.clients = clients;
            this.fetch = fetch;
        }

        @Override
        public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
            return Mono.deferContextual(context -> {
                EventLoopClients.EventLoopClient eventLoop = clients.choose();
                FetchContext fetchContext = FetchContext.start(eventLoop, request.deadline(), context);
                Mono<T> inTime = fetch.fetch(request, reader)
                        .contextWrite(fetchContext::into)
                        .timeout(
                                request.deadline(),
                                Mono.error(() -> FetchErrors.timedOut(
                                        "Not done within " + DurationWords.of(request.deadline()), null)),
                                eventLoop.scheduler());
                return eventLoop
                        .run(inTime)
                        .onErrorMap(FetchErrors.ReaderException.class, FetchErrors.ReaderException::original);
            });
        }
    }

    /**
     * A bulkhead for each origin: it bounds the exchanges that run or wait, so that a slow origin does not hurt the
     * others.
     */
    private static final class BulkheadExchange implements Exchange {
        private final OriginHosts hosts;
        private final Exchange exchange;

        BulkheadExchange(OriginHosts hosts, Exchange exchange) {
            this.hosts = hosts;
            this.exchange = exchange;
        }

        @Override
        public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
            return Mono.using(
                    () -> hosts.enter(target),
                    host -> exchange.get(target, options, reader)
                            .transformDeferred(BulkheadOperator.of(host.bulkhead()))
                            .onErrorMap(error ->
                                    error instanceof FetchErrors.ReaderException ? error : FetchErrors.of(error)),
                    hosts::leave);
        }
    }

    /**
     * Turns every status into an error except 2xx, redirects and a requested 304, so that retry and breaker see it.
     *
     * <p>A 206 is an error too unless a part was asked for, and then so is everything else.
     */
    private static final class StatusExchange implements Exchange {
        private static final int PARTIAL_CONTENT = 206;

        private final Clock clock;
        private final Exchange exchange;

        StatusExchange(Clock clock, Exchange exchange) {
            this.clock = clock;
            this.exchange = exchange;
        }

        @Override
        public <T> Mono<T> get(Target target, RequestOptions options, Function<Response, Mono<T>> reader) {
            return exchange.get(
                    target,
                    options,
                    response -> isWanted(response, options)
                            ? reader.apply(response)
                            : Mono.error(() ->
                                    FetchErrors.badStatus(response.status(), response.headers(), clock.instant())));
        }

        private static boolean isWanted(Response response, RequestOptions options) {
            return options.part() != null
                    ? response.status() == PARTIAL_CONTENT
                    : isGood(response.status()) || response.isRedirect() || isUnchanged(response, options);
        }

        private static boolean isUnchanged(Response response, RequestOptions options) {
            return response.status() == OriginResponse.NOT_MODIFIED
                    && options.known().present();
        }

        private static boolean isGood(int status) {
            return status >= 200 && status < 300 && status != PARTIAL_CONTENT;
        }
    }
}
