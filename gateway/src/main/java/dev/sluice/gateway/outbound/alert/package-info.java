/**
 * Tells the operator. In: warnings of any tier, as {@link dev.sluice.gateway.contract.Alerts}. Out: a line of the log
 * each, and at most one event an hour and key to Sentry, when it is configured.
 */
@NullMarked
package dev.sluice.gateway.outbound.alert;

import org.jspecify.annotations.NullMarked;
