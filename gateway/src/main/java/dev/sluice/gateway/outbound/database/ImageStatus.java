package dev.sluice.gateway.outbound.database;

import java.util.Locale;

/** How far an image has come. */
public enum ImageStatus {
    /** A job works on it. */
    GENERATING,
    /** Its object is stored, or it has an external URL. */
    COMPLETED,
    /** It will not come; its error says why. */
    FAILED;

    /** As it stands in the row, for example {@code completed}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    static ImageStatus of(String code) {
        return valueOf(code.toUpperCase(Locale.ROOT));
    }
}
