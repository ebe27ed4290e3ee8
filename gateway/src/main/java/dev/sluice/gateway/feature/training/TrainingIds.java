package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.contract.SigningKey;
import java.util.Optional;

/**
 * Ids that carry all there is to know of a training: the provider's own id and, signed with it, whose it is. So nothing
 * is stored, and every gateway with the same secret knows every training, after any restart.
 *
 * <pre>{@code 764cabcf-b745-4b3e-ae38-1200304cf45b.RmVs0NLX4tMGyn0WF0Cw2g}</pre>
 */
final class TrainingIds {
    private static final char SEPARATOR = '.';

    private final SigningKey key;

    TrainingIds(SigningKey key) {
        this.key = key;
    }

    /**
     * The id of a training that somebody queued.
     *
     * @param providerId without a dot or a line break
     * @param subject who queued it
     */
    String of(String providerId, String subject) {
        return providerId + SEPARATOR + key.sign(signed(providerId, subject));
    }

    /** The provider's id, if this is the id of a training and {@code subject} queued it. */
    Optional<String> providerId(String id, String subject) {
        int end = id.indexOf(SEPARATOR);
        if (end < 0) {
            return Optional.empty();
        }
        String providerId = id.substring(0, end);
        return key.verifies(signed(providerId, subject), id.substring(end + 1))
                ? Optional.of(providerId)
                : Optional.empty();
    }

    private static String signed(String providerId, String subject) {
        return providerId + '\n' + subject;
    }
}
