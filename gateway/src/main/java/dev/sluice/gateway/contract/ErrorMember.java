package dev.sluice.gateway.contract;

import org.springframework.web.server.ServerWebExchange;

/** What the member {@code error} of a problem's body repeats, for clients of older APIs. */
public enum ErrorMember {
    /** The stable code: everywhere, unless an endpoint says otherwise. */
    CODE,
    /** The sentence for people. */
    DETAIL;

    private static final String ATTRIBUTE = ErrorMember.class.getName();

    /** What it is in the answer to this request. */
    public static ErrorMember of(ServerWebExchange exchange) {
        return exchange.getAttributeOrDefault(ATTRIBUTE, CODE);
    }

    /** Makes this the answer's. */
    public void attachTo(ServerWebExchange exchange) {
        exchange.getAttributes().put(ATTRIBUTE, this);
    }
}
