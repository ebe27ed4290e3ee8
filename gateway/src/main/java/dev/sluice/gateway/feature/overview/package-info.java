/** What the gateway did in the last hour, and the health of what it depends on, for admins. */
@NullMarked
package dev.sluice.gateway.feature.overview;

import org.jspecify.annotations.NullMarked;
