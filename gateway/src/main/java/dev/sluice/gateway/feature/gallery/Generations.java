package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.ai.image.ImagePrompt;
import dev.sluice.gateway.outbound.database.image.GenerationJobs;
import dev.sluice.gateway.outbound.database.image.Image;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** Accepts requests for images: adds a row and a job, both or neither. A worker does the rest. */
final class Generations {
    private static final Logger LOG = LoggerFactory.getLogger(Generations.class);
    private static final int LONGEST_PROMPT = 1000;

    private final GenerationJobs jobs;
    private final PromptRules rules;
    private final String provider;
    private final Duration deadline;
    private final long largest;
    private final Runnable workers;
    private final Clock clock;

    /**
     * @param provider generates the images
     * @param deadline after which an image has failed
     * @param largest bytes of an image, reserved until its image is stored or fails
     * @param workers signals that there is a job
     */
    Generations(
            GenerationJobs jobs,
            PromptRules rules,
            String provider,
            Duration deadline,
            long largest,
            Runnable workers,
            Clock clock) {
        this.jobs = jobs;
        this.rules = rules;
        this.provider = provider;
        this.deadline = deadline;
        this.largest = largest;
        this.workers = workers;
        this.clock = clock;
    }

    /**
     * An request.
     *
     * @param prompt 1 to 1000 characters
     * @param altText at most 500; the prompt's beginning stands in for it
     * @param aspectRatio for example {@code 16:9}; square if absent
     * @param projectId one of the caller's
     */
    record Request(
            @Nullable String prompt,
            @Nullable String altText,
            @Nullable String aspectRatio,
            @Nullable String projectId) {}

    /** The image that will come. Fails with {@code malformed_request}, {@code forbidden} or {@code prompt_rejected}. */
    Mono<Image> create(Request request, Caller caller) {
        return Mono.defer(() -> {
            String prompt = GalleryRequests.text("prompt", request.prompt(), LONGEST_PROMPT);
            if (prompt == null) {
                throw GalleryRequests.bad("prompt", request.prompt(), "1 to " + LONGEST_PROMPT + " characters");
            }
            String altText = GalleryRequests.text("altText", request.altText(), GalleryRequests.LONGEST_ALT);
            String ratio = ratio(request.aspectRatio());
            String project = GalleryRequests.project(caller, request.projectId());
            rejectForbidden(prompt, caller);
            Instant now = clock.instant();
            Image image = Image.generating(
                    UUID.randomUUID(),
                    caller.subject(),
                    project,
                    altText,
                    new Image.Generation(prompt, ratio, provider, null, null),
                    now);
            return jobs.create(image, now.plus(deadline), largest)
                    .doOnSuccess(created -> workers.run())
                    .thenReturn(image);
        });
    }

    private static String ratio(@Nullable String given) {
        String ratio = given == null ? ImagePrompt.AspectRatio.SQUARE.toString() : given;
        if (!ImagePrompt.AspectRatio.known().contains(ratio)) {
            throw GalleryRequests.bad(
                    "aspectRatio", ratio, "one of " + String.join(", ", ImagePrompt.AspectRatio.known()));
        }
        return ratio;
    }

    private void rejectForbidden(String prompt, Caller caller) {
        String term = rules.forbidden(prompt);
        if (term != null) {
            LOG.atWarn()
                    .addKeyValue("user.id", caller.subject())
                    .addKeyValue("failure.code", ProblemCode.PROMPT_REJECTED.code())
                    .addKeyValue("prompt.term", term)
                    .log("prompt of {} rejected for the term '{}'", caller.subject(), term);
            throw new GatewayException(
                    ProblemCode.PROMPT_REJECTED,
                    "prompt: contains a term that is not allowed here (expected: a prompt without it)");
        }
    }
}
