package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.netty.NettyPipeline;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpResponseDecoderSpec;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.transport.AddressUtils;

/**
 * The clients of all lanes and what they share: the judging resolver, the connections and the list of the machine's own
 * addresses. Closing it closes every connection; the event loops belong to somebody else.
 */
final class FetchTransport implements AutoCloseable {
    /** One read, and the largest buffer of a body. */
    static final int READ_BYTES = 64 * 1024;

    /** Reads before the loop turns to other connections: what may be in flight beyond the reader's demand. */
    private static final int READS_AT_ONCE = 2;

    /** Room for a {@code Location} that is too long to be followed, so that it is refused as such. Also for all 1xx. */
    private static final int HEADER_BYTES = 32 * 1024;

    private static final int STATUS_LINE_BYTES = 4096;
    private static final Duration OWN_ADDRESSES_EVERY = Duration.ofSeconds(30);

    private final FetchProperties properties;
    private final SslContext tls;
    private final ConnectionProvider connections;
    private final GuardedResolverGroup resolver;
    private final ConnectGuard connectGuard;
    private final Disposable refresh;
    private final AddressRules rules;
    private final Lanes lanes;

    /**
     * @param loops the event loops of inbound connections, to be shared
     * @param opened all that may be reached beside the public internet
     * @param trusted other certificates than the platform trusts; for tests
     */
    FetchTransport(
            FetchProperties properties, LoopResources loops, List<AllowedNetwork> opened, @Nullable KeyStore trusted) {
        this.properties = properties;
        this.tls = OriginTls.context(trusted);
        var own = new OwnAddresses();
        this.rules = new AddressRules(opened, own);
        List<InetSocketAddress> servers =
                properties.dns().servers().stream().map(Setting::endpoint).toList();
        this.resolver =
                new GuardedResolverGroup(rules, loops, servers, properties.dns().timeout());
        this.connectGuard = new ConnectGuard(rules);
        this.connections = pool(properties.connections(), Lanes.count(loops));
        this.lanes = new Lanes(loops, this::client);
        Schedulers.boundedElastic().schedule(HostName::prepare);
        this.refresh = Flux.interval(OWN_ADDRESSES_EVERY, Schedulers.boundedElastic())
                .onBackpressureDrop()
                .subscribe(tick -> own.refresh());
    }

    AddressRules rules() {
        return rules;
    }

    Lanes lanes() {
        return lanes;
    }

    /** That client, which connects only to addresses that the rules permit, and by no proxy. */
    HttpClient guarded(HttpClient client) {
        return client.resolver(resolver)
                .noProxy()
                .doOnChannelInit(
                        (observer, channel, remote) -> channel.pipeline().addFirst(connectGuard));
    }

    /** Closes the idle connections to an origin that is not asked any more. */
    void forget(Target target) {
        connections.disposeWhen(AddressUtils.createUnresolved(target.host(), target.port()));
    }

    private static ConnectionProvider pool(FetchProperties.Connections bounds, int lanes) {
        return ConnectionProvider.builder("sluice-fetch")
                .maxConnections(Math.max(1, Math.ceilDiv(bounds.perHost(), lanes)))
                .pendingAcquireMaxCount(bounds.perHost() + bounds.pendingPerHost()) // the bulkhead's number
                .pendingAcquireTimeout(bounds.pendingTimeout())
                .maxIdleTime(bounds.maxIdle())
                .maxLifeTime(bounds.maxAge())
                .lifo()
                .evictInBackground(bounds.maxIdle())
                .disposeInactivePoolsInBackground(
                        bounds.maxIdle(), bounds.maxIdle().multipliedBy(2))
                .build();
    }

    private HttpClient client(LoopResources oneLoop) {
        int handshakeMillis = Math.toIntExact(properties.connectTimeout().toMillis());
        HttpClient plain = guarded(HttpClient.create(connections).runOn(oneLoop))
                .followRedirect(false)
                .disableRetry(true)
                .compress(false)
                .keepAlive(true)
                .protocol(HttpProtocol.HTTP11)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, handshakeMillis)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(READS_AT_ONCE))
                .httpResponseDecoder(FetchTransport::bounded)
                .doOnChannelInit((observer, channel, remote) -> channel.pipeline()
                        .addAfter(NettyPipeline.HttpCodec, null, new InformationalAnswers(HEADER_BYTES)));
        return plain.secure(spec -> spec.sslContext(tls)
                .handshakeTimeout(properties.connectTimeout())
                .handlerConfigurator(OriginTls::nameServer));
    }

    /** The decoder would cut a body into pieces of 8 KiB; there is no other name for the option. */
    @SuppressWarnings("deprecation")
    private static HttpResponseDecoderSpec bounded(HttpResponseDecoderSpec decoder) {
        return decoder.maxInitialLineLength(STATUS_LINE_BYTES)
                .maxHeaderSize(HEADER_BYTES)
                .maxChunkSize(READ_BYTES);
    }

    @Override
    public void close() {
        refresh.dispose();
        // Where the event loops have ended before, they have closed the connections.
        connections
                .disposeLater()
                .onErrorComplete(RejectedExecutionException.class)
                .subscribe();
        resolver.close();
    }
}
