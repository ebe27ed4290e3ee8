package dev.sluice.gateway.outbound.provider;

/**
 * What a call cost, in tokens, as the provider counts them.
 *
 * @param promptTokens what was sent
 * @param outputTokens what was written, thoughts included, since they are charged alike
 * @param totalTokens both, and whatever else the provider charges
 */
public record Usage(long promptTokens, long outputTokens, long totalTokens) {}
