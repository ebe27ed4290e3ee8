/** What every request passes on its way in: {@link dev.sluice.gateway.inbound.RequestFilter} has the order. */
@NullMarked
package dev.sluice.gateway.inbound;

import org.jspecify.annotations.NullMarked;
