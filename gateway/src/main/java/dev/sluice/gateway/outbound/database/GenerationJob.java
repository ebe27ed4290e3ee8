package dev.sluice.gateway.outbound.database;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A claimed job: the right of one worker to change it, until its lease ends and another claims it.
 *
 * @param worker who claimed it
 * @param attempt 1 for the first; the fence, which no later claim shares
 * @param leaseUntil when others may claim it
 * @param deadline when the image has failed, however far it is; a job past it is still claimed, to be failed
 * @param asked whether an earlier attempt has asked the provider, or was about to
 * @param predictionId what an earlier attempt began, to be continued
 */
public record GenerationJob(
        UUID imageId,
        String worker,
        int attempt,
        Instant leaseUntil,
        Instant deadline,
        boolean asked,
        @Nullable String predictionId,
        Instant createdAt) {}
