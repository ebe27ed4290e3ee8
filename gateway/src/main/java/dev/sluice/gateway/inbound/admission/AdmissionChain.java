package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Endpoint;
import org.springframework.web.reactive.function.server.ServerRequest;
import reactor.core.publisher.Mono;

/**
 * What stands between the choice of an endpoint and its handler, in this order:
 *
 * <ol>
 *   <li>{@link BodyLimit}, size: the body is read whole within its limit, or refused; until then nothing is counted or
 *       held for it;
 *   <li>{@link CorsGuard}, origin: pages that may not call are refused before anything is counted;
 *   <li>{@link AccessGuard}, access: whether this caller may call this endpoint;
 *   <li>{@link LimitGuard}, limits: one decision over address, quota, endpoint, slots and budget.
 * </ol>
 */
public final class AdmissionChain {
    private final BodyLimit bodies;
    private final CorsGuard origins;
    private final AccessGuard access;
    private final LimitGuard limits;

    /** The guards, in the order in which they are asked. */
    public AdmissionChain(BodyLimit bodies, CorsGuard origins, AccessGuard access, LimitGuard limits) {
        this.bodies = bodies;
        this.origins = origins;
        this.access = access;
        this.limits = limits;
    }

    /** The request that may go on, or the first refusal. */
    Mono<ServerRequest> admit(Endpoint endpoint, ServerRequest request) {
        return bodies.read(endpoint, request).flatMap(read -> {
            origins.check(read.exchange());
            access.check(endpoint, read);
            return limits.check(endpoint, read).then(Mono.fromSupplier(() -> {
                // Not before: a refusal hands out no new name to be counted under.
                access.issueCookie(endpoint, read.exchange());
                return read;
            }));
        });
    }
}
