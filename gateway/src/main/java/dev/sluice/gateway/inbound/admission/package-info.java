/** Which requests come in, and how much of each: method, media types, body size, and clients that stall. */
@NullMarked
package dev.sluice.gateway.inbound.admission;

import org.jspecify.annotations.NullMarked;
