package dev.sluice.gateway.outbound.fetch;

import dev.sluice.zipstream.MinimumRate;

/** Puts the parts together. */
final class FetchFactory {
    private FetchFactory() {}

    /**
     * A fetch, outermost part first.
     *
     * <ol>
     *   <li>{@link DeadlineFetch}: all that follows, waiting included, is inside the deadline and on one event loop.
     *   <li>{@link RedirectingFetch}: every hop's URL is judged anew before anything inside hears of it, and a final
     *       answer is judged before the reader does.
     *   <li>{@link StatusExchange}: a failing status is an error to all that is outside of it.
     *   <li>{@link NettyExchange}: connects, to judged addresses only; see {@link GuardedResolver} and
     *       {@link ConnectGuard}.
     * </ol>
     */
    static OriginFetch create(FetchProperties properties, FetchTransport transport, String userAgent) {
        return new DeadlineFetch(
                transport.lanes(),
                new RedirectingFetch(
                        new UrlGuard(transport.rules(), properties.allowPorts()),
                        new StatusExchange(new NettyExchange(userAgent, properties.firstByteTimeout())),
                        new AnswerReader(bodies(properties.minimumRate()), new ImageGuard(new ImageTypes())),
                        properties.maxRedirects()));
    }

    private static BodyGuard bodies(FetchProperties.Rate rate) {
        return new BodyGuard(new MinimumRate(rate.bytesPerSecond().toBytes(), rate.grace()));
    }
}
