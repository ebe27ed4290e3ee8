package dev.sluice.gateway.outbound.ai.text;

/** Learns what goes out to a provider, and what it costs. Is told on any thread. */
@FunctionalInterface
public interface CallAccount {

    /** A request goes out: one try of one call. What it costs is told to the answer, and is not known until then. */
    Cost begin();

    /** What one try costs. */
    interface Cost {
        /** For those who do not ask. */
        Cost IGNORED = new Cost() {
            @Override
            public void used(Usage soFar) {}

            @Override
            public void nothing() {}
        };

        /** So much up to now, in the provider's own count; in place of what was told before. */
        void used(Usage soFar);

        /** The provider did not do it, or never saw it. */
        void nothing();
    }
}
