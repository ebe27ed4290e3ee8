/**
 * Counts in Redis, shared by all processes. An {@code Admission} is decided by {@code AddressBuckets} where a policy
 * counts addresses, and if they have room queued by {@code Admissions}, batched into one {@code AdmitCommand}, decided
 * by {@code admit.lua}, and becomes a decision whose permit {@code Settlements} and {@code Renewals} take back to
 * Redis.
 */
@NullMarked
package dev.sluice.limits.redis;

import org.jspecify.annotations.NullMarked;
