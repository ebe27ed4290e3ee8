package dev.sluice.gateway.feature.samples;

import java.util.Locale;

/** What can be wrong with a picture, and what the gateway says of it. */
enum Misbehaviour {
    TOO_LARGE("declares 6 MB", "too_large"),
    TOO_LARGE_UNDECLARED("sends 6 MB without saying so before", "too_large"),
    SLOW("sends a byte a second", "timed_out"),
    PAGE("is an HTML page", "not_an_image"),
    DISGUISED("is an HTML page that calls itself image/png", "not_an_image"),
    MISSING("is not there", "upstream_status"),
    TRUNCATED("ends before its Content-Length", "connection_failed"),
    REDIRECT_INSIDE("redirects to a private address", "blocked_address");

    private final String what;
    private final String code;

    Misbehaviour(String what, String code) {
        this.what = what;
        this.code = code;
    }

    /** For example {@code too-large.png}. */
    String fileName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-') + ".png";
    }

    /** What the origin does. */
    String what() {
        return what;
    }

    /** The code under which it appears in a manifest. */
    String code() {
        return code;
    }
}
