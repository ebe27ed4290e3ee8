package dev.sluice.gateway.outbound.database;

import io.r2dbc.spi.R2dbcNonTransientResourceException;
import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** None of the servers gave a connection. Its text has what each of them said. */
final class NoServerException extends R2dbcNonTransientResourceException {
    @Serial
    private static final long serialVersionUID = 1L;
    /** SQLSTATE: the client cannot establish a connection. */
    private static final String STATE = "08001";

    /** What one server said. */
    record Refusal(DatabaseAddress.Postgres server, Throwable error) {
        private String text() {
            return server.hosts().getFirst() + ": " + rootMessage(error);
        }
    }

    NoServerException(List<Refusal> refusals) {
        super(text(refusals), STATE, 0, null, only(refusals));
        if (refusals.size() > 1) {
            refusals.forEach(each -> addSuppressed(each.error()));
        }
    }

    private static String text(List<Refusal> refusals) {
        return refusals.size() == 1
                ? rootMessage(refusals.getFirst().error())
                : refusals.stream().map(Refusal::text).collect(Collectors.joining("; "));
    }

    private static @Nullable Throwable only(List<Refusal> refusals) {
        return refusals.size() == 1 ? refusals.getFirst().error() : null;
    }

    private static String rootMessage(Throwable error) {
        Throwable root = error;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }
}
