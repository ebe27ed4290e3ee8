/**
 * What happens to every connection below the web framework: bounds of size and time, what RFC 9112 asks of a message,
 * and that an answer which ends early is never taken for a whole one. Bytes in; requests that can be understood out.
 */
@NullMarked
package dev.sluice.gateway.inbound.transport;

import org.jspecify.annotations.NullMarked;
