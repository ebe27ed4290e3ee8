package dev.sluice.gateway.outbound.fetch;

import java.io.Serial;

/** Carries a reader's own error through the decorators: it is not the origin's fault and goes out as it came in. */
final class ReaderException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Throwable own;

    ReaderException(Throwable own) {
        super(null, own, false, false);
        this.own = own;
    }

    /** The error as the reader raised it. */
    Throwable own() {
        return own;
    }
}
