package dev.sluice.gateway.inbound.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
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

    private final Supplier<List<PathPattern>> secret;

    /** @param patterns of all endpoints, asked for once, at the first request */
    public LoggedPath(Supplier<List<String>> patterns) {
        this.secret = SingletonSupplier.of(() -> patterns.get().stream()
                .filter(pattern -> pattern.contains("{" + SECRET + "}"))
                .map(PathPatternParser.defaultInstance::parse)
                .toList());
    }

    /** The path without its query, which may hold signatures. */
    public String of(ServerHttpRequest request) {
        PathContainer path = request.getPath().pathWithinApplication();
        return secret.get().stream()
                .filter(pattern -> pattern.matches(path))
                .findFirst()
                .map(pattern -> request.getPath().contextPath().value() + pattern.getPatternString())
                .orElseGet(() -> printable(request.getPath().value()));
    }

    /** Text of a client's making may hold anything; a log line holds one line. */
    public static String printable(@Nullable String text) {
        if (text == null) {
            return "";
        }
        String ascii = new String(text.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII);
        return ascii.replaceAll("\\p{Cntrl}", "?");
    }
}
