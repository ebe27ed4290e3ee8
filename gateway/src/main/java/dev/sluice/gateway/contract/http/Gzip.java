package dev.sluice.gateway.contract.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.springframework.http.HttpHeaders;

/**
 * The one content coding of the gateway's own answers. Nothing that an attacker can add to may be gzipped beside a
 * secret: the length of the result tells whether the two are alike.
 */
public final class Gzip {
    /** The coding's name in {@code Content-Encoding}. */
    public static final String NAME = "gzip";

    private Gzip() {}

    /** Whether the client of a request reads it: RFC 9110 section 12.5.3, for the one coding there is. */
    public static boolean isAccepted(HttpHeaders request) {
        for (String field : request.getOrEmpty(HttpHeaders.ACCEPT_ENCODING)) {
            for (String coding : field.toLowerCase(Locale.ROOT).split(",", -1)) {
                if (coding.strip().matches("gzip(\\s*;\\s*q=(1(\\.0*)?|0\\.0*[1-9][0-9]*))?")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The coded bytes. */
    public static byte[] of(byte[] bytes) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible); // it is written to memory
        }
        return packed.toByteArray();
    }
}
