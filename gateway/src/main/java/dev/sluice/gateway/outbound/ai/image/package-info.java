/**
 * Image models. In: a prompt. Out: a prediction's id, which survives a restart, and then the image or its URL; or a
 * {@link dev.sluice.gateway.outbound.http.ProviderException}.
 */
@NullMarked
package dev.sluice.gateway.outbound.ai.image;

import org.jspecify.annotations.NullMarked;
