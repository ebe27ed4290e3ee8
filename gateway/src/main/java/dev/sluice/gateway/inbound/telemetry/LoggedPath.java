package dev.sluice.gateway.inbound.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.PathContainer;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * The path of a request as a log may have it: on one line, and without what stands for a variable called
 * {@value #SECRET}, since whoever reads it there could use it.
 */
public final class LoggedPath {
    private static final String SECRET = "token";

    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final Supplier<List<Secret>> secret;

    /**
     * A path that holds what must not be logged.
     *
     * @param start what the path begins with
     */
    private record Secret(PathPattern pattern, String start) {}

    /** @param patterns of all endpoints, asked for once, at the first request */
    public LoggedPath(Supplier<List<String>> patterns) {
        this.secret = SingletonSupplier.of(() -> patterns.get().stream()
                .filter(pattern -> pattern.contains("{" + SECRET + "}"))
                .map(pattern -> new Secret(
                        PathPatternParser.defaultInstance.parse(pattern), pattern.substring(0, pattern.indexOf('{'))))
                .toList());
    }

    /** The path without its query, which may hold signatures. */
    public String of(ServerHttpRequest request) {
        String value = request.getPath().value();
        PathContainer path = request.getPath().pathWithinApplication();
        boolean escaped = value.indexOf('%') >= 0; // any letter may be
        for (Secret hidden : secret.get()) {
            if ((escaped || path.value().startsWith(hidden.start()))
                    && hidden.pattern().matches(path)) {
                return request.getPath().contextPath().value()
                        + hidden.pattern().getPatternString();
            }
        }
        return printable(value);
    }

    /** Text of a client's making may hold anything; a log line holds one line. */
    public static String printable(@Nullable String text) {
        if (text == null) {
            return "";
        }
        for (int index = 0; index < text.length(); index++) {
            if (text.charAt(index) < ' ' || text.charAt(index) > '~') {
                String ascii = new String(text.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII);
                return CONTROL.matcher(ascii).replaceAll("?");
            }
        }
        return text;
    }
}
