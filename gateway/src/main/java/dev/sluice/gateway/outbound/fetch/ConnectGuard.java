package dev.sluice.gateway.outbound.fetch;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * Judges the address of a {@code connect} itself, whatever led to it: the second layer behind {@link GuardedResolver},
 * so that a change in how the client resolves cannot open a way round the rules.
 */
@Sharable
final class ConnectGuard extends ChannelOutboundHandlerAdapter {
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
            promise.setFailure(new BlockedAddressException());
        }
    }
}
