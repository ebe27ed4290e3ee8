/** Which requests come in, and how much of each: method, media types, body size, origin, access, limits. */
@NullMarked
package dev.sluice.gateway.inbound.admission;

import org.jspecify.annotations.NullMarked;
