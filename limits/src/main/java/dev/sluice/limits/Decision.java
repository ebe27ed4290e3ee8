package dev.sluice.limits;

import java.time.Duration;
import java.util.List;

/** The answer of a limiter. A refusal is a value, not an error, and it has charged no counter. */
public sealed interface Decision {

    /** Where the subject stands with every limit of the policy now, in the policy's order. */
    List<Standing> standings();

    /**
     * The request may go on.
     *
     * @param permit to be settled exactly once, however the request ends
     * @param standings after this admission
     */
    record Admitted(Permit permit, List<Standing> standings) implements Decision {

        /** Keeps a copy. */
        public Admitted {
            standings = List.copyOf(standings);
        }
    }

    /**
     * The request may not go on.
     *
     * @param violations every limit that refuses, in the policy's order; at least one
     * @param standings as they were
     */
    record Refused(List<Violation> violations, List<Standing> standings) implements Decision {

        /** Keeps copies. */
        public Refused {
            violations = List.copyOf(violations);
            standings = List.copyOf(standings);
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
        /** Nobody knows how many are left. */
        UNAVAILABLE
    }
}
