package dev.sluice.gateway.contract;

import java.io.Serial;

/** The gateway cannot start, for a reason outside of it. Its operator reads both sentences, without a stack trace. */
public final class CannotStartException extends IllegalStateException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final String action;

    /**
     * A reason.
     *
     * @param what is in the way
     * @param action what an operator can do about it
     */
    public CannotStartException(String what, String action, Throwable cause) {
        super(what, cause);
        this.action = action;
    }

    /** What an operator can do about it. */
    public String action() {
        return action;
    }
}
