package dev.sluice.gateway.outbound.storage;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a store was seen to do. None of it is needed: what was uploaded is read, checked and written anew, and what is
 * written is compared with what was sent.
 *
 * @param seen {@code yes}, {@code no}, or {@code unknown: } and why
 */
record S3Abilities(Map<Ability, String> seen) {
    static final String YES = "yes";
    static final String NO = "no";
    static final String UNKNOWN = "unknown: ";

    /** Takes a copy. */
    S3Abilities {
        seen = new EnumMap<>(seen);
    }

    /** What a store may be able to do. */
    enum Ability {
        /** {@code Range} is answered with exactly those bytes. */
        RANGES,
        /** What was put is in the listing at once. */
        LISTS_AT_ONCE,
        /** The entity tag is the MD5 of the bytes. */
        ETAG_IS_MD5,
        /** {@code If-None-Match: *} keeps a put from replacing an object. */
        REPLACES_NOTHING,
        /** A signed upload is taken as it was announced. */
        TAKES_UPLOADS,
        /** A signed upload of another type than was signed is refused. */
        CHECKS_UPLOAD_TYPE,
        /** A signed upload of another length than was signed is refused. */
        CHECKS_UPLOAD_LENGTH,
        /** Of a signed upload that breaks off nothing is kept. */
        DROPS_CUT_UPLOADS;

        /** As it is shown, in camel case. */
        String shown() {
            String[] words = name().toLowerCase(Locale.ROOT).split("_", -1);
            return words[0]
                    + Arrays.stream(words)
                            .skip(1)
                            .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
                            .collect(Collectors.joining());
        }
    }

    /** By the name of each, in one order. */
    Map<String, String> shown() {
        Map<String, String> shown = new LinkedHashMap<>();
        seen.forEach((ability, answer) -> shown.put(ability.shown(), answer));
        return shown;
    }
}
