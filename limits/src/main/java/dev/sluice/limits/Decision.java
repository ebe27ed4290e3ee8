package dev.sluice.limits;

import java.time.Duration;
import java.util.List;

/** The answer of a limiter. A refusal is a value, not an error, and it has charged no counter. */
public sealed interface Decision {

    /** The status of every limit of the policy that was asked, in the policy's order. */
    List<LimitStatus> statuses();

    /**
     * The request may go on.
     *
     * @param permit to be settled exactly once, however the request ends
     * @param statuses after this admission
     */
    record Admitted(Permit permit, List<LimitStatus> statuses) implements Decision {

        /** Keeps a copy. */
        public Admitted {
            statuses = List.copyOf(statuses);
        }
    }

    /**
     * The request may not go on.
     *
     * @param violations every limit that refuses, in the policy's order; at least one
     * @param statuses as they were
     */
    record Refused(List<Violation> violations, List<LimitStatus> statuses) implements Decision {

        /** Keeps copies. */
        public Refused {
            violations = List.copyOf(violations);
            statuses = List.copyOf(statuses);
            if (violations.isEmpty()) {
                throw new IllegalArgumentException("violations: none (expected: at least one)");
            }
        }

        /** The violation that names this refusal. */
        public Violation first() {
            return violations.getFirst();
        }
    }

    /**
     * One limit that refuses.
     *
     * @param limit its name
     * @param cause why
     * @param retryAfter when the same request may be admitted, if nobody else takes the units; positive
     */
    record Violation(String limit, Cause cause, Duration retryAfter) {}

    /** Why a limit refuses. */
    enum Cause {
        /** Too few units are left. */
        EXCEEDED,
        /** How many are left is unknown. */
        UNAVAILABLE
    }
}
