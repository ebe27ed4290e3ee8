package dev.sluice.gateway.outbound.ai.training;

import java.net.URI;

/**
 * A training to be queued.
 *
 * @param archive where its pictures are, as an upload answered
 * @param triggerWord stands for what is learnt in later prompts
 * @param steps of training
 */
public record TrainingJob(URI archive, String triggerWord, int steps) {}
