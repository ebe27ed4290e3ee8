package dev.sluice.gateway.outbound.fetch;

import java.io.IOException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A body that ended before it was whole. The cause of its failure, which tells it from one without any answer. */
final class BrokenBodyException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    BrokenBodyException(@Nullable Throwable cause) {
        super("broken body", cause);
    }

    /** Whether {@code failure} is that a body broke off. */
    static boolean is(FetchException failure) {
        return failure.getCause() instanceof BrokenBodyException;
    }
}
