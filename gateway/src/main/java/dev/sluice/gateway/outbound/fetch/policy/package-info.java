/**
 * Which hosts and addresses may be connected to, and the one spelling of a URL's host and path. In: what a caller or an
 * origin wrote, or what DNS answered. Out: yes or no, or the canonical spelling. Nothing here does I/O.
 */
@NullMarked
package dev.sluice.gateway.outbound.fetch.policy;

import org.jspecify.annotations.NullMarked;
