package dev.sluice.gateway.outbound.database;

import java.util.Locale;

/** Where an image comes from. */
public enum ImageSource {
    GENERATED,
    IMPORTED,
    UPLOADED;

    /** As it stands in the row, for example {@code generated}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    static ImageSource of(String code) {
        return valueOf(code.toUpperCase(Locale.ROOT));
    }
}
