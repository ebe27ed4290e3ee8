/** Is it well: what the gateway did in the last hour, and how what it depends on is, for admins. */
@NullMarked
package dev.sluice.gateway.feature.overview;

import org.jspecify.annotations.NullMarked;
