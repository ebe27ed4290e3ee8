/**
 * When a call is made again. In: what a caller knows of its failures, how often it may retry and until when. Out: a
 * {@link reactor.util.retry.Retry} for it.
 */
@NullMarked
package dev.sluice.gateway.outbound.retry;

import org.jspecify.annotations.NullMarked;
