package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.limits.LimitStatus;
import java.util.List;
import reactor.core.publisher.Mono;

/** Tells where a caller stands with the limits that count callers. */
@FunctionalInterface
public interface KnownLimits {

    /** The standings, empty when limits are off or cannot be asked at present. */
    Mono<List<LimitStatus>> of(Caller caller);
}
