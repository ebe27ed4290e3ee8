package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.ProblemCode;
import org.jspecify.annotations.Nullable;

/** An image that cannot be made smaller, or not now. Its message is safe to show to whoever asked for it. */
final class TransformException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final String reason;

    /**
     * A failure.
     *
     * @param reason stable and machine-readable, for problem bodies and meters
     */
    TransformException(Kind kind, String reason, String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
        this.kind = kind;
        this.reason = reason;
    }

    Kind kind() {
        return kind;
    }

    String reason() {
        return reason;
    }

    /** The same for one who remembers it: the traces of its causes would weigh more than all else. */
    TransformException withoutCause() {
        return new TransformException(kind, reason, String.valueOf(getMessage()), null);
    }

    /** Whether another try may end otherwise. */
    enum Kind {
        /** The image is damaged, not supported or too large: it will fail again. */
        IMAGE(ProblemCode.INVALID_IMAGE),
        /** The decoder failed at it. */
        DECODER(ProblemCode.OVERLOADED),
        /** There was no room; nothing was begun. */
        BUSY(ProblemCode.OVERLOADED);

        private final ProblemCode code;

        Kind(ProblemCode code) {
            this.code = code;
        }

        ProblemCode code() {
            return code;
        }
    }
}
