/**
 * The only way to an origin. In: a URL somebody else chose. Out: its body, counted, capped and timed, from an address
 * that was checked; or a {@link dev.sluice.gateway.outbound.fetch.FetchException} that reveals nothing of the internal
 * network.
 */
@NullMarked
package dev.sluice.gateway.outbound.fetch;

import org.jspecify.annotations.NullMarked;
