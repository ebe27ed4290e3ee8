package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The names of keys in Redis, of which TAG says with what they share a slot; see {@link Tags}:
 *
 * <pre>
 * sluice:{TAG}:caller:WHO               the value of a caller: all its counters, and records of its requests
 * sluice:{TAG}:address:WHO              the same of an address
 * sluice:{g-LIMIT}:all:LIMIT            the same of a rate or a concurrency limit that all share
 * sluice:{TAG}:req:ID                   a request's record, where its value has no room for it
 * sluice:{TAG}:wall:LIMIT:NUMBERS:WHO   a token bucket of bucket4j; its numbers are in the name, for it keeps those it was made with
 * sluice:{g-LIMIT}:budget:LIMIT:WINDOW  a budget that all share: what each process has of it; quotas likewise
 * sluice:{TAG}:health                   written by probes, of nobody
 * </pre>
 *
 * <p>and those of the counters within a value, {@code rate:LIMIT}, {@code lock:LIMIT}, {@code quota:LIMIT:2026-11-21}
 * and {@code budget:LIMIT:WINDOW}.
 *
 * <p>WHO is an id or an address. What could alter the hash tag or end a part of the name is written as {@code %XX}, so
 * that no two subjects share a name; an address keeps its colons, for nothing but a window follows it, and a window has
 * none.
 */
final class Keys {
    static final int HASH_BYTES = 8;

    private static final VarHandle HASH = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Keys() {}

    /** Keys are ASCII: what is not is encoded. */
    static byte[] bytes(String key) {
        return key.getBytes(ISO_8859_1);
    }

    static String who(Scope scope, Subject subject) {
        return switch (scope) {
            case ADDRESS -> encode(subject.address(), true);
            case SUBJECT -> encode(subject.id(), false);
            case GLOBAL -> throw new IllegalArgumentException("what all share is nobody's");
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

    /** The key that a request's record has where its value has no room for it. */
    static String record(String prefix, String tag, String id) {
        return prefix + '{' + tag + "}:req:" + id;
    }

    /** The value in which the counter of a limit lies. */
    static String value(String prefix, Scope scope, String limit, Subject subject) {
        String own = prefix(prefix, tag(scope, limit, subject));
        return switch (scope) {
            case ADDRESS -> own + "address:" + who(scope, subject);
            case SUBJECT -> own + "caller:" + who(scope, subject);
            case GLOBAL -> own + "all:" + limit;
        };
    }

    /**
     * What a request is known by in a value. Ids are of the gateway's making and few are in one value, so two that
     * share a hash are not met with.
     */
    static long hash(String id) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < id.length(); i++) {
            hash = (hash ^ id.charAt(i)) * 0x100000001b3L;
        }
        // Of short ids the upper bits are hardly touched yet.
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return hash ^ (hash >>> 33);
    }

    static void putHash(long hash, byte[] to, int at) {
        HASH.set(to, at, hash);
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
