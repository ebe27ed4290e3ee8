package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.policy.AddressRules;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.resolver.AbstractAddressResolver;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.NameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStream;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.resolver.dns.DnsServerAddresses;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import reactor.netty.resources.LoopResources;

/**
 * Resolves a name once, judges every answer, and hands on exactly the judged addresses. One address that may not be
 * reached refuses the whole name: a name that mixes public and private answers is not an accident.
 *
 * <p>It claims that nothing is resolved yet, so that address literals, which the client parses by itself, come through
 * here too.
 */
final class GuardedResolver extends AbstractAddressResolver<InetSocketAddress> {
    /** The client tries the addresses one after the other, each with the whole connect timeout. */
    private static final int MOST_ADDRESSES = 4;

    private final NameResolver<InetAddress> names;
    private final AddressRules rules;
    private final Duration timeout;

    /** @param timeout for a whole resolution, aliases and further servers included */
    GuardedResolver(EventExecutor executor, NameResolver<InetAddress> names, AddressRules rules, Duration timeout) {
        super(executor, InetSocketAddress.class);
        this.names = names;
        this.rules = rules;
        this.timeout = timeout;
    }

    @Override
    protected boolean doIsResolved(InetSocketAddress address) {
        return false;
    }

    @Override
    protected void doResolve(InetSocketAddress unresolved, Promise<InetSocketAddress> promise) {
        Promise<List<InetSocketAddress>> all = executor().newPromise();
        all.addListener((Future<List<InetSocketAddress>> done) -> {
            if (done.isSuccess()) {
                promise.trySuccess(done.getNow().getFirst());
            } else {
                promise.tryFailure(done.cause());
            }
        });
        doResolveAll(unresolved, all);
    }

    @Override
    protected void doResolveAll(InetSocketAddress unresolved, Promise<List<InetSocketAddress>> promise) {
        if (!unresolved.isUnresolved()) {
            judge(List.of(unresolved.getAddress()), unresolved.getPort(), promise);
            return;
        }
        Future<?> limit = executor()
                .schedule(
                        () -> promise.tryFailure(new FetchErrors.NameTimeoutException()),
                        timeout.toMillis(),
                        TimeUnit.MILLISECONDS);
        names.resolveAll(unresolved.getHostString()).addListener((Future<List<InetAddress>> response) -> {
            limit.cancel(false);
            if (response.isSuccess()) {
                judge(response.getNow(), unresolved.getPort(), promise);
            } else {
                promise.tryFailure(response.cause());
            }
        });
    }

    private void judge(List<InetAddress> answers, int port, Promise<List<InetSocketAddress>> promise) {
        if (!answers.isEmpty() && answers.stream().allMatch(address -> rules.permits(address, port))) {
            promise.trySuccess(answers.stream()
                    .limit(MOST_ADDRESSES)
                    .map(address -> new InetSocketAddress(address, port))
                    .toList());
        } else {
            promise.tryFailure(new FetchErrors.BlockedAddressException());
        }
    }

    @Override
    public void close() {
        names.close();
    }

    /**
     * One {@link GuardedResolver} for each event loop, over Netty's own name server client: it never blocks the loop,
     * and every question has a deadline. The hosts file counts; search domains do not, for a short name that a caller
     * gives must not turn into one of the operator's.
     */
    static final class Group extends AddressResolverGroup<InetSocketAddress> {
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
        Group(AddressRules rules, LoopResources loops, List<InetSocketAddress> servers, Duration timeout) {
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
}
