/** The few words all tiers share. Depends on nothing of ours. */
@NullMarked
package dev.sluice.gateway.contract;

import org.jspecify.annotations.NullMarked;
