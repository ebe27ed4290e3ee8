/**
 * Services of others, at URLs that the operator configured: text models, makers of images, trainers, WordPress. In: a
 * prompt, or a file. Out: pieces of text and what they cost, a picture or where it is, a file's place; bounded in bytes
 * and time, repeated only where that costs nothing twice; or a
 * {@link dev.sluice.gateway.outbound.provider.ProviderException} whose text may be shown to the caller.
 */
@NullMarked
package dev.sluice.gateway.outbound.provider;

import org.jspecify.annotations.NullMarked;
