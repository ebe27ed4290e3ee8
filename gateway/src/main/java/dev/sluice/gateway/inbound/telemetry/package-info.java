/** What can be seen of a request from outside: its id, in and out. */
@NullMarked
package dev.sluice.gateway.inbound.telemetry;

import org.jspecify.annotations.NullMarked;
