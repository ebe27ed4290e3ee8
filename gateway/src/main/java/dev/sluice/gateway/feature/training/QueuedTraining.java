package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.contract.archive.SkippedImage;
import java.util.List;

/**
 * A training that the provider has accepted.
 *
 * @param providerId its id there
 * @param skipped images that it does without
 */
record QueuedTraining(String providerId, List<SkippedImage> skipped) {}
