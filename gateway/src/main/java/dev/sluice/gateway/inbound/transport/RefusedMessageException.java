package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.GatewayException;

/** A message that HTTP itself forbids, or that asks for what the server does not know; its cause says which. */
final class RefusedMessageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final GatewayException problem;

    RefusedMessageException(GatewayException problem) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    /** What the client is told. */
    GatewayException problem() {
        return problem;
    }
}
