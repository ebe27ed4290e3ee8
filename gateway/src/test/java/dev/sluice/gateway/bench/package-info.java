/** Peers that benchmarks measure the gateway against. */
@NullMarked
package dev.sluice.gateway.bench;

import org.jspecify.annotations.NullMarked;
