/** What the health of a dependency is, for all who ask. */
@NullMarked
package dev.sluice.gateway.outbound.health;

import org.jspecify.annotations.NullMarked;
