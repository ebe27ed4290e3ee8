/**
 * Operators on the bytes of a response: small buffers are coalesced, the start is peeked at, a content coding is
 * undone. Each says who owns the buffers; none knows where the bytes come from.
 */
@NullMarked
package dev.sluice.gateway.outbound.fetch.body;

import org.jspecify.annotations.NullMarked;
