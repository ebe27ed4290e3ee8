package dev.sluice.gateway.contract;

/** Who may call an endpoint. */
public enum Access {
    /** Everybody: it costs little and tells nothing of anybody else. Counted where a policy names it. */
    PUBLIC,
    /** Callers without credentials too, where the operator says so; they are counted by cookie or address. */
    ANONYMOUS,
    /** Signed-in users and services. */
    USER,
    /** Those with the role {@code admin} or {@code super-admin}. */
    ADMIN
}
