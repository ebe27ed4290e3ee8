package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStream;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.resolver.dns.DnsServerAddresses;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import reactor.netty.resources.LoopResources;

/**
 * One {@link GuardedResolver} for each event loop, over Netty's own name server client: it never blocks the loop, and
 * every question has a deadline. The hosts file counts; search domains do not, for a short name that a caller gives
 * must not turn into one of the operator's.
 */
final class GuardedResolverGroup extends AddressResolverGroup<InetSocketAddress> {
    private static final int LONGEST_CACHED_SECONDS = 60;
    private static final int FAILURE_CACHED_SECONDS = 5;
    private static final int MOST_QUERIES = 8;

    private final AddressRules rules;
    private final LoopResources loops;
    private final DnsServerAddressStreamProvider servers;
    private final int serverCount;
    private final Duration timeout;

    /**
     * @param servers whom to ask, in this order; empty asks those of the system, as they are now
     * @param timeout for a whole resolution; the servers share it, each is asked in its turn
     */
    GuardedResolverGroup(AddressRules rules, LoopResources loops, List<InetSocketAddress> servers, Duration timeout) {
        this.rules = rules;
        this.loops = loops;
        List<InetSocketAddress> asked = servers.isEmpty() ? systemServers() : servers;
        this.servers = name -> DnsServerAddresses.sequential(asked).stream();
        this.serverCount = asked.size();
        this.timeout = timeout;
    }

    /** Read once: the platform's provider would read its files again, on an event loop. */
    private static List<InetSocketAddress> systemServers() {
        DnsServerAddressStream stream =
                DnsServerAddressStreamProviders.platformDefault().nameServerAddressStream("");
        List<InetSocketAddress> servers = new ArrayList<>();
        for (int i = 0; i < stream.size(); i++) {
            servers.add(stream.next());
        }
        return List.copyOf(servers);
    }

    @Override
    protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
        EventLoop loop = (EventLoop) executor;
        var names = new DnsNameResolverBuilder(loop)
                .datagramChannelFactory(() -> loops.onChannel(DatagramChannel.class, loop))
                .socketChannelFactory(() -> loops.onChannel(SocketChannel.class, loop))
                .nameServerProvider(servers)
                .queryTimeoutMillis(Math.max(1, timeout.toMillis() / Math.max(1, serverCount)))
                .maxQueriesPerResolve(MOST_QUERIES)
                .completeOncePreferredResolved(false)
                .searchDomains(List.of())
                .ttl(0, LONGEST_CACHED_SECONDS)
                .negativeTtl(FAILURE_CACHED_SECONDS)
                .build();
        return new GuardedResolver(executor, names, rules, timeout);
    }
}
