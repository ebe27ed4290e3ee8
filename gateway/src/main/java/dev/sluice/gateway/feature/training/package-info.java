/**
 * Image models trained on a caller's pictures. In: URLs of images and a trigger word. The images become one archive by
 * the pipeline that makes all archives, wait on disk, go to the provider's storage, and a training is queued. Out: an
 * id that its owner can ask by, at any gateway and after any restart.
 */
@NullMarked
package dev.sluice.gateway.feature.training;

import org.jspecify.annotations.NullMarked;
