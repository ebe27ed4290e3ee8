/**
 * Trainers of image models. In: an archive of images. Out: a training's id and its state; or a
 * {@link dev.sluice.gateway.outbound.http.ProviderException}. A training is never queued twice.
 */
@NullMarked
package dev.sluice.gateway.outbound.ai.training;

import org.jspecify.annotations.NullMarked;
