package dev.sluice.gateway.outbound.fetch.policy;

import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which URLs a use may name. It narrows what may be reached and widens nothing; every redirect is held to it too.
 *
 * @param schemes {@code http}, {@code https} or both
 * @param domains each admits itself and its subdomains; empty admits every host
 */
public record UrlPolicy(Set<String> schemes, Set<String> domains) {
    /** Any public host, by http or https. */
    public static final UrlPolicy PUBLIC_WEB = new UrlPolicy(Set.of("http", "https"), Set.of());

    /** @throws IllegalArgumentException for a scheme or a domain that no URL could have */
    public UrlPolicy {
        if (schemes.isEmpty() || !Set.of("http", "https").containsAll(schemes)) {
            throw new IllegalArgumentException("schemes: " + schemes + " (expected: http, https or both)");
        }
        schemes = Set.copyOf(schemes);
        domains = domains.stream().map(UrlPolicy::canonical).collect(Collectors.toUnmodifiableSet());
    }

    private static String canonical(String domain) {
        String ascii = HostName.canonical(domain);
        if (ascii == null || domain.endsWith(".")) {
            throw new IllegalArgumentException("domain: " + domain + " (expected: a domain such as example.com)");
        }
        return ascii;
    }

    /** Whether {@code host}, in ASCII and lower case, is one of the domains or below one, at a label border. */
    public boolean admits(String host) {
        return domains.isEmpty()
                || domains.stream().anyMatch(domain -> host.equals(domain) || host.endsWith("." + domain));
    }
}
