package dev.sluice.gateway.feature.assistant;

import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.outbound.ai.text.CallAccount;
import dev.sluice.gateway.outbound.ai.text.TokenUsage;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the calls of one request cost, on the request's account: each is a call, and as many tokens as were estimated
 * until the provider tells. So whoever leaves in the middle of an answer has spent what is known of it, or else all
 * that it could have been; a request that reached nobody has spent nothing.
 */
final class TokenAccount implements CallAccount {
    private final RequestUsage usage;
    private final long estimate;

    /** @param estimate most tokens of one call */
    TokenAccount(RequestUsage usage, long estimate) {
        this.usage = usage;
        this.estimate = estimate;
    }

    @Override
    public Cost begin() {
        usage.add(RequestUsage.CALLS, 1);
        Tokens tokens = new Tokens();
        tokens.are(estimate);
        return tokens;
    }

    /** Those of one call. */
    private final class Tokens implements Cost {
        private final AtomicLong charged = new AtomicLong();

        @Override
        public void used(TokenUsage soFar) {
            are(soFar.totalTokens());
        }

        @Override
        public void nothing() {
            are(0);
        }

        private void are(long tokens) {
            usage.add(RequestUsage.TOKENS, tokens - charged.getAndSet(tokens));
        }
    }
}
