/**
 * Text models. In: a prompt. Out: pieces of text and the tokens that they used, retried only before the first byte of
 * an answer; or a {@link dev.sluice.gateway.outbound.http.ProviderException}.
 */
@NullMarked
package dev.sluice.gateway.outbound.ai.text;

import org.jspecify.annotations.NullMarked;
