package dev.sluice.gateway.outbound.fetch;

import dev.sluice.zipstream.MinimumRate;
import io.micrometer.core.instrument.MeterRegistry;

/** Puts the parts together. */
final class FetchFactory {
    private FetchFactory() {}

    /**
     * A fetch, outermost part first:
     *
     * <ol>
     *   <li>{@link MeteredFetch}: sees every outcome, the deadline's included.
     *   <li>{@link DeadlineFetch}: all that follows, waiting included, is inside the deadline and on one event loop.
     *   <li>{@link RestartingFetch}: inside the deadline, outside of redirects: signed URLs differ from time to time.
     *   <li>{@link RedirectingFetch}: judges each hop's URL before anything inside hears of it, and a final answer
     *       before the reader does. Outside of retries: a hop that is refused is refused for good, and a later hop that
     *       fails does not repeat the earlier ones.
     *   <li>{@link BreakingExchange}: circuit breaker of the origin, outside of retries: a request counts once.
     *   <li>{@link RetryingExchange}: tries again what may go better.
     *   <li>{@link IsolatingExchange}: bulkhead of the origin.
     *   <li>{@link StatusExchange}: a failing status is an error to all that is outside of it.
     *   <li>{@link NettyExchange}: connects, to judged addresses only; see {@link GuardedResolver} and
     *       {@link ConnectGuard}.
     * </ol>
     *
     * @param urls judges every URL
     * @param userAgent sent with every request
     */
    static OriginFetch create(
            FetchProperties properties,
            FetchTransport transport,
            UrlGuard urls,
            String userAgent,
            MeterRegistry registry) {
        var metrics = new FetchMetrics(registry);
        var hosts = new OriginHosts(properties, transport::forget);
        metrics.watch(hosts);
        return new MeteredFetch(
                metrics,
                new DeadlineFetch(
                        transport.lanes(),
                        new RestartingFetch(
                                properties.retry(),
                                metrics::retried,
                                new RedirectingFetch(
                                        urls,
                                        properties.maxRedirects(),
                                        answers(properties, metrics::retried),
                                        exchange(properties, metrics, hosts, userAgent)))));
    }

    private static Exchange exchange(
            FetchProperties properties, FetchMetrics metrics, OriginHosts hosts, String userAgent) {
        return new BreakingExchange(
                hosts,
                new RetryingExchange(
                        properties.retry(),
                        metrics::retried,
                        new IsolatingExchange(
                                hosts,
                                new StatusExchange(new NettyExchange(userAgent, properties.firstByteTimeout())))));
    }

    private static AnswerReader answers(FetchProperties properties, Runnable onRetry) {
        FetchProperties.Rate rate = properties.minimumRate();
        var minimum = new MinimumRate(rate.bytesPerSecond().toBytes(), rate.grace());
        return new AnswerReader(new BodyGuard(minimum, properties.retry(), onRetry), new ImageGuard(new ImageTypes()));
    }
}
