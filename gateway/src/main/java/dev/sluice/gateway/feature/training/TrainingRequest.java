package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a caller wants trained.
 *
 * @param images to learn from
 * @param triggerWord stands for what is learnt in later prompts: 1 to 64 letters, digits, {@code _} and {@code -}
 * @param steps of training, 100 to 5000; 1000 unless given
 * @param onError what a failed image means for the rest; {@code fail} unless given
 */
record TrainingRequest(List<RemoteImage> images, String triggerWord, Integer steps, OnError onError) {
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    private static final int FEWEST_STEPS = 100;
    private static final int USUAL_STEPS = 1000;
    private static final int MOST_STEPS = 5000;

    /** Checks everything that needs no configuration. */
    @SuppressWarnings("NullAway") // whoever typed the JSON was not bound by our annotations
    TrainingRequest {
        images = RemoteImage.checked(images);
        if (triggerWord == null || !WORD.matcher(triggerWord).matches()) {
            throw malformed("triggerWord", triggerWord, "1 to 64 letters, digits, _ and -");
        }
        steps = steps == null ? USUAL_STEPS : steps;
        if (steps < FEWEST_STEPS || steps > MOST_STEPS) {
            throw malformed("steps", steps, FEWEST_STEPS + " to " + MOST_STEPS);
        }
        onError = onError == null ? OnError.FAIL : onError;
        if (onError == OnError.CUT) { // nobody is sent the archive that would be
            throw malformed("onError", "cut", "skip or fail");
        }
    }

    /** This request, unless it names fewer or more images than that. */
    TrainingRequest within(int minImages, int maxImages) {
        int count = images.size();
        if (count < minImages || count > maxImages) {
            ProblemCode code = count < minImages ? ProblemCode.MALFORMED_REQUEST : ProblemCode.TOO_MANY_IMAGES;
            throw GatewayException.badMember(code, "images", count + " images", minImages + " to " + maxImages);
        }
        return this;
    }

    private static GatewayException malformed(String member, @Nullable Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
