package dev.sluice.gateway.outbound.http;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * A provider's key. Its {@code toString} does not show it, and {@link #scrub} removes it from text.
 *
 * @param value the key, or an empty string when there is none
 */
public record ApiKey(String value) {
    private static final String SHOWN = "[key]";
    private static final int SHORTEST_SCRUBBED = 4;

    /** Takes surrounding whitespace off, as a key that was read from a file has it. */
    public ApiKey {
        value = value.strip();
    }

    /** Whether there is a key. */
    public boolean isSet() {
        return !value.isEmpty();
    }

    /** Whether the key can stand in a header: visible ASCII alone. */
    public boolean fitsHeader() {
        return value.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    }

    /** {@code text} without the key, plain or in Base64. Keys of fewer than 4 characters would take words out. */
    public String scrub(String text) {
        if (value.length() < SHORTEST_SCRUBBED || text.length() < value.length()) {
            return text;
        }
        String encoded = Base64.getEncoder().withoutPadding().encodeToString(value.getBytes(StandardCharsets.UTF_8));
        return text.replace(value, SHOWN).replace(encoded, SHOWN);
    }

    @Override
    public String toString() {
        return isSet() ? SHOWN : "[no key]";
    }
}
