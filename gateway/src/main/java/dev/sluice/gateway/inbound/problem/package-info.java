/**
 * Every error of every tier, and of the framework, leaves as {@code application/problem+json} (RFC 9457), or as a page
 * where a browser goes to its URL.
 */
@NullMarked
package dev.sluice.gateway.inbound.problem;

import org.jspecify.annotations.NullMarked;
