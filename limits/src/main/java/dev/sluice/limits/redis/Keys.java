package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;

/**
 * The names of counters in Redis, of which TAG says with what they share a slot; see {@link Tags}:
 *
 * <pre>
 * sluice:{TAG}:rate:LIMIT:WHO              a token bucket of the script
 * sluice:{TAG}:wall:LIMIT:NUMBERS:WHO      a token bucket of bucket4j; its numbers are in the name, for it keeps those it was made with
 * sluice:{TAG}:quota:LIMIT:WHO:2026-11-21  a calendar quota's day
 * sluice:{TAG}:lock:LIMIT:WHO              a concurrency limit
 * sluice:{TAG}:budget:LIMIT:WHO:WINDOW     a budget's window
 * sluice:{TAG}:req:ID                      a request's record
 * sluice:{g-LIMIT}:budget:LIMIT:WINDOW     a budget that all share: what each process has of it; quotas likewise
 * </pre>
 *
 * <p>WHO is an id, an address or {@code global}. What could alter the hash tag or end a part of the name is written as
 * {@code %XX}, so that no two subjects share a name; an address keeps its colons, for nothing but a window follows it,
 * and a window has none.
 */
final class Keys {
    private static final String RECORD = "req:";

    private Keys() {}

    /** Keys are ASCII: what is not is encoded. */
    static byte[] bytes(String key) {
        return key.getBytes(ISO_8859_1);
    }

    static String who(Scope scope, Subject subject) {
        return switch (scope) {
            case ADDRESS -> encode(subject.address(), true);
            case SUBJECT -> encode(subject.id(), false);
            case GLOBAL -> "global";
        };
    }

    /** What the counters of a scope share a slot by. */
    static String tag(Scope scope, String limit, Subject subject) {
        return switch (scope) {
            case ADDRESS -> Tags.of(subject.address());
            case SUBJECT -> Tags.of(subject.id());
            case GLOBAL -> Tags.ofAll(limit);
        };
    }

    /** What all keys of a tag begin with. */
    static String prefix(String prefix, String tag) {
        return prefix + '{' + tag + "}:";
    }

    /** What the records of a tag's requests begin with; their ids follow. */
    static String recordPrefix(String prefix, String tag) {
        return prefix(prefix, tag) + RECORD;
    }

    /** The bucket that bucket4j keeps. */
    static String addressBucket(String prefix, TokenBucket limit, Subject subject) {
        return prefix(prefix, tag(limit.scope(), limit.name(), subject))
                + "wall:"
                + limit.name()
                + ':'
                + limit.tokens()
                + '-'
                + limit.period().toMillis()
                + '-'
                + limit.burst()
                + ':'
                + who(limit.scope(), subject);
    }

    static String encode(String value, boolean keepColons) {
        int first = 0;
        while (first < value.length() && isPlain(value.charAt(first), keepColons)) {
            first++;
        }
        if (first == value.length()) {
            return value;
        }
        StringBuilder encoded = new StringBuilder(value.length() + 16).append(value, 0, first);
        for (int i = first; i < value.length(); i++) {
            char c = value.charAt(i);
            if (isPlain(c, keepColons)) {
                encoded.append(c);
            } else if (c < 0x100) {
                encoded.append('%').append(hex(c >> 4)).append(hex(c));
            } else {
                encoded.append("%u")
                        .append(hex(c >> 12))
                        .append(hex(c >> 8))
                        .append(hex(c >> 4))
                        .append(hex(c));
            }
        }
        return encoded.toString();
    }

    private static boolean isPlain(char c, boolean keepColons) {
        return (c >= 'a' && c <= 'z')
                || (c >= '0' && c <= '9')
                || (c >= 'A' && c <= 'Z')
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~'
                || c == '@'
                || c == '/'
                || (c == ':' && keepColons);
    }

    private static char hex(int nibble) {
        return "0123456789ABCDEF".charAt(nibble & 0xf);
    }
}
