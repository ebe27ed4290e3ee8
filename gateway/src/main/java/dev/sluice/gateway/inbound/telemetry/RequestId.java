package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.RequestContext;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * Gives every request an id, the caller's own where it sent a decent one, and returns it in {@code X-Request-Id}. The
 * id finds log lines; it is no secret and guards nothing.
 */
public final class RequestId {
    private static final String HEADER = "X-Request-Id";
    private static final Pattern DECENT = Pattern.compile("[A-Za-z0-9._-]{8,64}");

    private RequestId() {}

    /** The id of the request, made now if it has none yet. */
    public static String of(ServerWebExchange exchange) {
        String known = RequestContext.of(exchange).id();
        return known != null ? known : assign(exchange);
    }

    /** Gives the request its id. */
    public static String assign(ServerWebExchange exchange) {
        String id = chosen(exchange.getRequest().getHeaders().getFirst(HEADER));
        RequestContext.of(exchange).identify(id);
        if (!exchange.getResponse().isCommitted()) {
            exchange.getResponse().getHeaders().set(HEADER, id);
        }
        return id;
    }

    private static String chosen(@Nullable String offered) {
        if (offered != null && DECENT.matcher(offered).matches()) {
            return offered;
        }
        return random();
    }

    /** A new id, for what is answered before there is an exchange. */
    public static String random() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }
}
