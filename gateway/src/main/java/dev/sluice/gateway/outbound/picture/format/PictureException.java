package dev.sluice.gateway.outbound.picture.format;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A file that is no image, or none that may be kept. Its message is safe to show to whoever sent it. */
public final class PictureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** What is wrong, told in a sentence that its sender may read. */
    public PictureException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** A file of {@code format} that broke off, or whose parts do not fit together. */
    public static PictureException damaged(String format, String how) {
        return damaged(format, how, null);
    }

    /** Likewise, found because of {@code cause}. */
    public static PictureException damaged(String format, String how, @Nullable Throwable cause) {
        return new PictureException(Kind.DAMAGED, "The " + format + " is damaged: " + how, cause);
    }

    /** A file of a kind that is told by its name, and that nothing here reads. */
    public static PictureException unsupported(String what) {
        return new PictureException(Kind.UNSUPPORTED, what + " is not supported", null);
    }

    /** What is wrong. */
    public Kind kind() {
        return kind;
    }

    /** What can be wrong with a file. */
    public enum Kind {
        /** It does not begin like an image. */
        NOT_AN_IMAGE,
        /** It is an image of a format that is not taken here. */
        UNSUPPORTED,
        /** It is an image of another format than it was announced as. */
        OTHER_TYPE,
        /** It is an image of more pixels than are taken here. */
        TOO_MANY_PIXELS,
        /** It begins like an image and cannot be decoded to its end. */
        DAMAGED;

        /** The stable, machine-readable name. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
