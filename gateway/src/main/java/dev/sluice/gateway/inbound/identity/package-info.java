/** Who calls: token, cookie or address in; a {@link dev.sluice.gateway.contract.Caller} on the exchange out. */
@NullMarked
package dev.sluice.gateway.inbound.identity;

import org.jspecify.annotations.NullMarked;
