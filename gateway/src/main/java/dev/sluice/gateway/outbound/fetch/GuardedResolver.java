package dev.sluice.gateway.outbound.fetch;

import io.netty.resolver.AbstractAddressResolver;
import io.netty.resolver.NameResolver;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.Serial;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

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
                        () -> promise.tryFailure(new NameTimeoutException()),
                        timeout.toMillis(),
                        TimeUnit.MILLISECONDS);
        names.resolveAll(unresolved.getHostString()).addListener((Future<List<InetAddress>> answer) -> {
            limit.cancel(false);
            if (answer.isSuccess()) {
                judge(answer.getNow(), unresolved.getPort(), promise);
            } else {
                promise.tryFailure(answer.cause());
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
            promise.tryFailure(new BlockedAddressException());
        }
    }

    @Override
    public void close() {
        names.close();
    }

    /** No name server answered in time. */
    static final class NameTimeoutException extends UnknownHostException {
        @Serial
        private static final long serialVersionUID = 1L;
    }
}
