package dev.sluice.gateway.outbound.ai.text;

/** Records the requests to a provider and their cost. Called on any thread. */
@FunctionalInterface
public interface CallAccount {

    /** A request goes out: one try of one call. Its cost is reported to the returned object once it is known. */
    Cost begin();

    /** The cost of one try. */
    interface Cost {
        /** Ignores the cost. */
        Cost IGNORED = new Cost() {
            @Override
            public void used(TokenUsage soFar) {}

            @Override
            public void nothing() {}
        };

        /** The cost so far, in the provider's own count; replaces the value before. */
        void used(TokenUsage soFar);

        /** No cost: the provider refused the request or never received it. */
        void nothing();
    }
}
