package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.policy.AddressRules;
import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import dev.sluice.gateway.outbound.fetch.policy.HostName;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
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
 * The clients of all event loops and what they share: the judging resolver, the connections and the list of the
 * machine's own addresses. Closing it closes every connection; the event loops belong to somebody else.
 */
public final class FetchTransport implements AutoCloseable {
    /** Room for a {@code Location} that is too long to be followed, so that it is refused as such. Also for all 1xx. */
    private static final int HEADER_BYTES = 32 * 1024;

    private static final int STATUS_LINE_BYTES = 4096;
    private static final Duration OWN_ADDRESSES_EVERY = Duration.ofSeconds(30);

    private final FetchProperties properties;
    private final SslContext tls;
    private final ConnectionProvider connections;
    private final GuardedResolver.Group resolver;
    private final ConnectGuard connectGuard;
    private final Disposable refresh;
    private final AddressRules rules;
    private final EventLoopClients clients;

    /**
     * @param loops the event loops of inbound connections, to be shared
     * @param opened all that may be reached beside the public internet
     * @param trusted other certificates than the platform trusts; for tests
     */
    FetchTransport(
            FetchProperties properties, LoopResources loops, List<AllowedNetwork> opened, @Nullable KeyStore trusted) {
        this.properties = properties;
        this.tls = OriginTls.context(trusted);
        var own = new AddressRules.OwnAddresses();
        this.rules = new AddressRules(opened, own);
        List<InetSocketAddress> servers = properties.dns().servers().stream()
                .map(FetchProperties.Setting::endpoint)
                .toList();
        this.resolver = new GuardedResolver.Group(
                rules, loops, servers, properties.dns().timeout());
        this.connectGuard = new ConnectGuard(rules);
        this.connections = pool(properties.connections(), EventLoopClients.count(loops));
        this.clients = new EventLoopClients(loops, this::client);
        Schedulers.boundedElastic().schedule(HostName::prepare);
        this.refresh = Flux.interval(OWN_ADDRESSES_EVERY, Schedulers.boundedElastic())
                .onBackpressureDrop()
                .subscribe(tick -> own.refresh());
    }

    AddressRules rules() {
        return rules;
    }

    EventLoopClients clients() {
        return clients;
    }

    /**
     * For what is sent to a URL that an answer names, once {@link OriginUrls} has judged it: that client, which
     * resolves names as fetches do and connects to no address that may not be reached, and by no proxy. A refusal is a
     * {@link java.net.ConnectException} that names no address. The client keeps its own connections.
     */
    public HttpClient guarded(HttpClient client) {
        return client.resolver(resolver)
                .noProxy()
                .doOnChannelInit(
                        (observer, channel, remote) -> channel.pipeline().addFirst(connectGuard));
    }

    /** Closes the idle connections to an origin that is not asked any more. */
    void forget(Target target) {
        connections.disposeWhen(AddressUtils.createUnresolved(target.host(), target.port()));
    }

    private static ConnectionProvider pool(FetchProperties.Connections bounds, int eventLoops) {
        return ConnectionProvider.builder("sluice-fetch")
                .maxConnections(Math.max(1, Math.ceilDiv(bounds.perHost(), eventLoops)))
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
                .httpResponseDecoder(FetchTransport::bounded)
                .doOnChannelInit((observer, channel, remote) -> {
                    BodyReads.install(channel);
                    channel.pipeline()
                            .addAfter(NettyPipeline.HttpCodec, null, new InformationalResponses(HEADER_BYTES));
                });
        return plain.secure(spec -> spec.sslContext(tls)
                .handshakeTimeout(properties.connectTimeout())
                .handlerConfigurator(OriginTls::nameServer));
    }

    /** The decoder would cut a body into pieces of 8 KiB; there is no other name for the option. */
    @SuppressWarnings("deprecation")
    private static HttpResponseDecoderSpec bounded(HttpResponseDecoderSpec decoder) {
        return decoder.maxInitialLineLength(STATUS_LINE_BYTES)
                .maxHeaderSize(HEADER_BYTES)
                .maxChunkSize(BodyReads.MOST);
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

    /**
     * Judges the address of a {@code connect} itself, whatever led to it: the second layer behind
     * {@link GuardedResolver}, so that a change in how the client resolves cannot open a way round the rules.
     */
    @Sharable
    private static final class ConnectGuard extends ChannelOutboundHandlerAdapter {
        private final AddressRules rules;

        ConnectGuard(AddressRules rules) {
            this.rules = rules;
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // its outcome is the promise's
        public void connect(
                ChannelHandlerContext context, SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            if (remote instanceof InetSocketAddress internet
                    && !internet.isUnresolved()
                    && rules.permits(internet.getAddress(), internet.getPort())) {
                context.connect(remote, local, promise);
            } else {
                promise.setFailure(new FetchErrors.BlockedAddressException());
            }
        }
    }
}
