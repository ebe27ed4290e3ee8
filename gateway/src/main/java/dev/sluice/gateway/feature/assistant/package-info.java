/**
 * Text from a model, without the caller ever seeing a key: validates a prompt, asks the provider, answers whole or as a
 * stream of events, and says what was called so that it can be settled.
 */
@NullMarked
package dev.sluice.gateway.feature.assistant;

import org.jspecify.annotations.NullMarked;
