/**
 * Providers that are paid for, at URLs that the operator configured. In: a prompt. Out: pieces of text and what they
 * cost, bounded in bytes and time, repeated once where that costs nothing twice; or a
 * {@link dev.sluice.gateway.outbound.provider.ProviderException} whose text may be shown to the caller.
 */
@NullMarked
package dev.sluice.gateway.outbound.provider;

import org.jspecify.annotations.NullMarked;
