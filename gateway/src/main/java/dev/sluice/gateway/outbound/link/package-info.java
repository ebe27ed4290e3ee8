/**
 * What a caller wants to come back for, kept behind a link that nobody guesses: in Redis where there is one, so that
 * all gateways serve it, else in this process. Something of a feature's in, a token out, and the other way round.
 */
@NullMarked
package dev.sluice.gateway.outbound.link;

import org.jspecify.annotations.NullMarked;
