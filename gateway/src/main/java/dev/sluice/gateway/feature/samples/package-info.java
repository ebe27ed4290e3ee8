/**
 * Development only: an origin of the gateway's own, with pictures to try it with and some that misbehave, so that
 * everything works offline. Its one address and port is opened in the fetch guard, and nothing else.
 */
@NullMarked
package dev.sluice.gateway.feature.samples;

import org.jspecify.annotations.NullMarked;
