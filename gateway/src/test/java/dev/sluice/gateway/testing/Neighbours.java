package dev.sluice.gateway.testing;

import java.io.UncheckedIOException;
import java.net.BindException;

/**
 * An origin that may be reached, on 127.0.0.2, and a canary that must not be, on 127.0.0.1, with the same port.
 *
 * <p>Whoever starts them closes both.
 */
public record Neighbours(HostileOrigin origin, Canary canary) {
    private static final int TRIES = 20;

    /**
     * Starts both: the system chooses a port that is free on the one address, and another where it is taken on the
     * other.
     */
    public static Neighbours start() {
        for (int tries = 1; ; tries++) {
            HostileOrigin origin = HostileOrigin.start();
            try {
                return new Neighbours(origin, Canary.beside(origin));
            } catch (UncheckedIOException e) {
                origin.close();
                if (!(e.getCause() instanceof BindException) || tries == TRIES) {
                    throw e;
                }
            }
        }
    }
}
