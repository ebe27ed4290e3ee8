package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

/** A Lua script and the name by which Redis remembers it. */
record Script(String text, String digest) {

    /** One of the scripts beside this class that stands alone. */
    static Script named(String file) {
        return of(read(file));
    }

    /** One that begins with {@code value.lua}. */
    static Script ofValues(String file) {
        return of(read("value.lua") + read(file));
    }

    private static String read(String file) {
        try (InputStream in = Objects.requireNonNull(Script.class.getResourceAsStream(file), file)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }

    static Script of(String text) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            return new Script(text, HexFormat.of().formatHex(sha1.digest(text.getBytes(UTF_8))));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-1, which Redis names scripts by", e);
        }
    }
}
