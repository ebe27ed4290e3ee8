/**
 * The media libraries of the operator's WordPress sites. In: a file. Out: its number and URL there; or a
 * {@link dev.sluice.gateway.outbound.http.ProviderException}. A file is never uploaded twice.
 */
@NullMarked
package dev.sluice.gateway.outbound.wordpress;

import org.jspecify.annotations.NullMarked;
