package dev.sluice.gateway.contract;

/** Tells the operator of something that wants a person's attention. Never blocks and never fails the caller. */
@FunctionalInterface
public interface Alerts {

    /**
     * Raises a warning; the same {@code key} is sent at most once an hour, whoever raises it.
     *
     * @param key what it is about, stable, for example {@code budget_exceeded:ai-hour}
     * @param message for people; holds nothing of a caller's
     */
    void warn(String key, String message);
}
