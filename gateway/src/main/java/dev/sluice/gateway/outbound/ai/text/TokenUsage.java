package dev.sluice.gateway.outbound.ai.text;

import org.jspecify.annotations.Nullable;

/**
 * The tokens of a call, as the provider counts them.
 *
 * @param promptTokens what was sent
 * @param outputTokens what was written, thoughts included, since they are charged alike
 * @param totalTokens both, and whatever else the provider charges
 */
public record TokenUsage(long promptTokens, long outputTokens, long totalTokens) {

    /** What both calls cost; null when neither says. */
    static @Nullable TokenUsage sum(@Nullable TokenUsage one, @Nullable TokenUsage other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return new TokenUsage(
                one.promptTokens + other.promptTokens,
                one.outputTokens + other.outputTokens,
                one.totalTokens + other.totalTokens);
    }
}
