package dev.sluice.gateway.inbound.identity;

import org.springframework.web.server.ServerWebExchange;

/** What becomes of callers without credentials. */
public final class AnonymousIdentity {
    private final AnonymousCookie cookie;
    private final CookieSecurity security;
    private final boolean admitted;

    AnonymousIdentity(AnonymousCookie cookie, CookieSecurity security, boolean admitted) {
        this.cookie = cookie;
        this.security = security;
        this.admitted = admitted;
    }

    /** Whether they may use what is open to them. */
    public boolean admitted() {
        return admitted;
    }

    /** Gives the caller a cookie to be known by next time. */
    public void issueCookie(ServerWebExchange exchange) {
        exchange.getResponse().addCookie(cookie.issue(security, exchange.getRequest()));
    }

    /** Whether a cookie, which a browser sends by itself from any page, is what identifies the request. */
    public static boolean knownByCookie(ServerWebExchange exchange) {
        return BearerToken.isCookie(exchange.getRequest());
    }
}
