/** What can be seen of a request from outside: its id, in and out, its line in the log, its meters, its trace. */
@NullMarked
package dev.sluice.gateway.inbound.telemetry;

import org.jspecify.annotations.NullMarked;
