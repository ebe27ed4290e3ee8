package dev.sluice.gateway.outbound.picture.decode;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The decoder failed at a file: it died, or reached its limit of memory or time. Nothing is known of the file. Its
 * message is safe to show to whoever sent the file.
 */
public final class DecoderException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** A decoder that failed. */
    public DecoderException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What happened to it. */
    public Kind kind() {
        return kind;
    }

    /** What can happen to a decoder. */
    public enum Kind {
        /** This file took more memory or time than one may: another try would end in the same way. */
        LIMIT,
        /** It died or could not be started: another try may go better. */
        FAILED,
        /** No decoder was free in time, or there is no disk for its work at present. */
        BUSY;

        /** The stable, machine-readable name. */
        public String code() {
            return "decoder_" + name().toLowerCase(Locale.ROOT);
        }
    }
}
