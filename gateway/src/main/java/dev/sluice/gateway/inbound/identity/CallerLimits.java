package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.limits.LimitStatus;
import java.util.List;
import reactor.core.publisher.Mono;

/** The present status of a caller's limits: those that count callers. */
@FunctionalInterface
public interface CallerLimits {

    /** One status a limit; empty when limits are off or cannot be read at present. */
    Mono<List<LimitStatus>> of(Caller caller);
}
