package dev.sluice.gateway.outbound.redis;

import java.util.List;
import reactor.core.publisher.Mono;

/**
 * A connection to the same Redis beside {@link SharedRedis}, which may be dead while that one lives; the health of
 * Redis tells of both.
 *
 * @param name what it is for, in one word
 * @param faults asks on it, each time it is subscribed: one text for each part of Redis that does not take changes,
 *     none if all do; no error, and no longer than a command may take
 */
public record OtherConnection(String name, Mono<List<String>> faults) {}
