package dev.sluice.limits;

import java.util.List;

/**
 * An ordered list of limits, decided together: all admit, or none is charged. The first one violated, in this order,
 * names a refusal.
 *
 * @param name for logs and meters
 * @param limits in the order in which they are judged; no name twice, 32 at most
 */
public record Policy(String name, List<Limit> limits) {
    private static final int MOST = 32;

    /** Checks that names are unique. */
    public Policy {
        limits = List.copyOf(limits);
        long names = limits.stream().map(Limit::name).distinct().count();
        if (names != limits.size()) {
            throw new IllegalArgumentException(name + ": a limit is named twice (expected: each once)");
        }
        if (limits.size() > MOST) {
            throw new IllegalArgumentException(
                    name + ": " + limits.size() + " limits (expected: at most " + MOST + ")");
        }
    }
}
