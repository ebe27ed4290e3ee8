package dev.sluice.gateway.contract;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.web.server.ServerWebExchange;

/**
 * What one request has used so far, by unit: the feature says it, and whoever admitted the request settles its permit
 * with it. Bytes of the response are counted without a feature's doing, as {@link #BYTES}.
 */
public final class Spent {
    /** Bytes of the response's body. */
    public static final String BYTES = "bytes";
    /** Images shown; one that must be decoded for that counts more than once. */
    public static final String IMAGES = "images";
    /** Calls of a paid provider. */
    public static final String CALLS = "calls";

    private static final String ATTRIBUTE = Spent.class.getName();

    private final Map<String, Long> units = new ConcurrentHashMap<>();

    private Spent() {}

    /** The account of one request; the same object at every call. */
    public static Spent of(ServerWebExchange exchange) {
        return (Spent) exchange.getAttributes().computeIfAbsent(ATTRIBUTE, name -> new Spent());
    }

    /** Adds to what was used; 0 says that the unit is counted and nothing was used yet. */
    public void add(String unit, long amount) {
        units.merge(unit, amount, Long::sum);
    }

    /** What was used, by unit; a unit that nobody counts is absent. */
    public Map<String, Long> units() {
        return Map.copyOf(units);
    }
}
