package dev.sluice.gateway.contract;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A failure in one line of the log: what was thrown, and what caused it. For outages and bad input, whose stack is some
 * library's and says nothing; a defect keeps its stack.
 */
public final class FailureLine {
    /** Whoever wraps more often than this repeats itself. */
    private static final int MOST_CAUSES = 8;

    private FailureLine() {}

    /** The failure and its causes, the first one first, without what one of them repeats of the next. */
    public static String of(Throwable failure) {
        List<String> parts = new ArrayList<>();
        for (Throwable each = failure; each != null && parts.size() <= MOST_CAUSES; each = each.getCause()) {
            parts.add(each.getClass().getSimpleName() + text(each));
        }
        return String.join(", caused by ", parts);
    }

    private static String text(Throwable failure) {
        String message = failure.getMessage();
        return message == null || isOfItsCause(message, failure.getCause()) ? "" : ": " + message;
    }

    private static boolean isOfItsCause(String message, @Nullable Throwable cause) {
        return cause != null && message.equals(cause.toString());
    }
}
