/**
 * Contents that a caller comes back for, stored behind a link that cannot be guessed: in Redis where there is one, so
 * that all gateways serve it, else in this process. In: a feature's content. Out: a token, and the content again.
 */
@NullMarked
package dev.sluice.gateway.outbound.link;

import org.jspecify.annotations.NullMarked;
