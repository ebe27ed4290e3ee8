/**
 * HTTP clients for services at URLs that the operator configured. In: one request. Out: its JSON object, bounded in
 * bytes and time; or a {@link dev.sluice.gateway.outbound.http.ProviderException} whose text may be shown to the
 * caller. Callers of this gateway choose none of the URLs: those are for {@link dev.sluice.gateway.outbound.fetch}.
 */
@NullMarked
package dev.sluice.gateway.outbound.http;

import org.jspecify.annotations.NullMarked;
