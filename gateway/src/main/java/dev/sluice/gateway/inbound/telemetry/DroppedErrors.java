package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.GatewayException;
import java.nio.channels.ClosedChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Hooks;
import reactor.netty.channel.AbortedException;

/**
 * Errors that come when nobody listens to a publisher any more. Those of connections are clients that left, which say
 * nothing: any other is worth a look.
 */
public final class DroppedErrors {
    private static final Logger LOG = LoggerFactory.getLogger(DroppedErrors.class);

    private DroppedErrors() {}

    /** Has them logged so from now on, in this process. */
    public static void watch() {
        Hooks.onErrorDropped(DroppedErrors::log);
    }

    private static void log(Throwable error) {
        // What the gateway makes of the end of a client's connection says no more than that. Other servers' connections
        // are in other exceptions.
        Throwable first = error instanceof GatewayException && error.getCause() != null ? error.getCause() : error;
        if (first instanceof ClosedChannelException
                || first instanceof AbortedException
                || AbortedException.isConnectionReset(first)) {
            LOG.debug("a connection has ended", error);
        } else {
            LOG.error("an error that nobody waited for", error);
        }
    }
}
