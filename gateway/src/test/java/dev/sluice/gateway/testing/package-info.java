/**
 * Real counterparts for tests, on loopback only: an origin that misbehaves on demand, a name server, a server that must
 * not be reached, and the check that no buffer was leaked. Nothing here sleeps; whatever waits has a deadline.
 */
@NullMarked
package dev.sluice.gateway.testing;

import org.jspecify.annotations.NullMarked;
