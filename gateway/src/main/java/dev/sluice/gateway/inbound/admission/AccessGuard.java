package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.inbound.identity.AnonymousIdentity;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.ServerWebExchange;

/** Whether this caller may call this endpoint at all. */
public final class AccessGuard {
    private final AnonymousIdentity anonymous;

    /** A guard that treats callers without credentials as {@code anonymous} says. */
    public AccessGuard(AnonymousIdentity anonymous) {
        this.anonymous = anonymous;
    }

    /**
     * Lets the caller pass.
     *
     * @throws GatewayException {@code unauthenticated} or {@code forbidden}
     */
    public void check(Endpoint endpoint, ServerRequest request) {
        ServerWebExchange exchange = request.exchange();
        Caller caller = RequestContext.of(exchange).caller();
        if (endpoint.access() == Access.PUBLIC) {
            return;
        }
        if (caller.signedIn()) {
            if (endpoint.access() == Access.ADMIN && !caller.isAdmin()) {
                throw new GatewayException(
                        ProblemCode.FORBIDDEN, "roles: " + caller.roles() + " (expected: admin or super-admin)");
            }
            return;
        }
        boolean admitted = endpoint.access() == Access.ANONYMOUS && anonymous.admitted();
        if (admitted) {
            return;
        }
        try {
            if (!endpoint.credential().test(request)) {
                throw new GatewayException(
                        ProblemCode.UNAUTHENTICATED,
                        "token: none (expected: Authorization: Bearer, or a session cookie)");
            }
        } catch (GatewayException refused) {
            // A credential in the URL that is not valid is refused with it too.
            exchange.getResponse().getHeaders().set(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
            throw refused;
        }
    }

    /** Gives a caller of whom nothing but the address is known a cookie to be known by. */
    void issueCookie(Endpoint endpoint, ServerWebExchange exchange) {
        if (endpoint.access() == Access.ANONYMOUS
                && RequestContext.of(exchange).caller().kind() == Caller.Kind.ADDRESS) {
            anonymous.issueCookie(exchange);
        }
    }
}
