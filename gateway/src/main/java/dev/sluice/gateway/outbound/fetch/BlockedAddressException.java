package dev.sluice.gateway.outbound.fetch;

import java.io.Serial;
import java.net.ConnectException;

/** A connection that must not be made. It names no address: what it says may reach the caller. */
final class BlockedAddressException extends ConnectException {
    @Serial
    private static final long serialVersionUID = 1L;

    BlockedAddressException() {
        super("blocked address");
    }

    /** Thrown for every refusal: no trace, for it says nothing and costs much. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
