package dev.sluice.gateway.contract;

import java.util.Optional;
import java.util.Set;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Who sends a request.
 *
 * @param kind how the gateway knows
 * @param id stable within its kind; for {@link Kind#ADDRESS} a keyed hash, so that it can be logged
 * @param roles what the token says; empty without one
 * @param projects what the token says; empty without one
 * @param address the client's address as it is counted: IPv4, or the /64 of an IPv6 address
 */
public record Caller(Kind kind, String id, Set<String> roles, Set<String> projects, String address) {
    /** How the gateway knows a caller. */
    public enum Kind {
        /** By a token that was verified. */
        USER("user"),
        /** By a cookie that the gateway signed. */
        ANONYMOUS("anon"),
        /** By nothing but the address. */
        ADDRESS("ip");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /** Keeps copies. */
    public Caller {
        roles = Set.copyOf(roles);
        projects = Set.copyOf(projects);
    }

    /** The name under which this caller is counted, for example {@code user:alice}. */
    public String subject() {
        return kind.prefix + ":" + id;
    }

    /** The caller for whom something is done, if it is done for one: from Reactor's context. */
    public static Optional<Caller> find(ContextView context) {
        return context.getOrEmpty(Caller.class);
    }

    /** Adds this as the caller for whom everything upstream is done. */
    public Context into(Context context) {
        return context.put(Caller.class, this);
    }

    /** What nobody has many of for nothing: the subject of a token, else the address. A cookie is had by asking. */
    public String accountable() {
        return signedIn() ? subject() : Kind.ADDRESS.prefix + ":" + address;
    }

    /** Whether the caller has shown a token. */
    public boolean signedIn() {
        return kind == Kind.USER;
    }

    /** Whether the caller may see and reset what belongs to others. */
    public boolean isAdmin() {
        return roles.contains("admin") || roles.contains("super-admin");
    }
}
