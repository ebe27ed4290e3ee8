package dev.sluice.gateway.outbound.redis;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once in the log that a Redis evicts when its memory is full, and again when it does so in another way: a counter
 * that is evicted begins anew, and whoever was refused is not any more. Any thread.
 */
final class EvictionWarnings {
    private static final Logger log = LoggerFactory.getLogger(EvictionWarnings.class);
    private static final Pattern POLICY = Pattern.compile("maxmemory_policy:([a-z-]+)");
    private static final String NONE = "noeviction";

    /** Those of nodes that evict. */
    private final Map<String, String> policies = new ConcurrentHashMap<>();

    /** @param memory what the node answers to {@code INFO memory} */
    void heard(String node, String memory) {
        Matcher policy = POLICY.matcher(memory);
        if (!policy.find()) {
            return;
        }
        if (policy.group(1).equals(NONE)) {
            policies.remove(node);
        } else if (!policy.group(1).equals(policies.put(node, policy.group(1)))) {
            log.warn(
                    "Redis at {} forgets counters of limits when its memory is full: maxmemory-policy is {}"
                            + " (expected: noeviction)",
                    node,
                    policy.group(1));
        }
    }
}
