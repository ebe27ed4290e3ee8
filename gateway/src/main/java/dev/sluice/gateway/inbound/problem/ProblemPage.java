package dev.sluice.gateway.inbound.problem;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.http.StrongTag;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.springframework.http.HttpMethod;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.util.HtmlUtils;

/** A problem as a page, for people: a browser that goes to a URL asks for HTML, one that fetches it does not. */
final class ProblemPage {
    static final MediaType TYPE = new MediaType(MediaType.TEXT_HTML, StandardCharsets.UTF_8);

    private static final String STYLE =
            "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;"
                    + "color-scheme:light dark}small{opacity:.7}";

    /** Nothing is loaded, and nothing runs. */
    static final String CONTENT_POLICY =
            "default-src 'none'; style-src '" + hash(STYLE) + "'; base-uri 'none'; frame-ancestors 'none'";

    private ProblemPage() {}

    /** Whether a page is what the request asks for, and JSON is not. */
    static boolean isWanted(ServerHttpRequest request) {
        if (!HttpMethod.GET.equals(request.getMethod()) && !HttpMethod.HEAD.equals(request.getMethod())) {
            return false;
        }
        try {
            List<MediaType> accepted = request.getHeaders().getAccept();
            return accepted.stream().anyMatch(MediaType.TEXT_HTML::equalsTypeAndSubtype)
                    && accepted.stream().noneMatch(ProblemPage::isJson);
        } catch (InvalidMediaTypeException unreadable) {
            return false;
        }
    }

    private static boolean isJson(MediaType type) {
        return MediaType.APPLICATION_JSON.equalsTypeAndSubtype(type)
                || MediaType.APPLICATION_PROBLEM_JSON.equalsTypeAndSubtype(type);
    }

    /** The page, in UTF-8. Its link leads to the start page under whatever prefix the gateway is reached. */
    static byte[] of(GatewayException problem, String path, String requestId) {
        // A target without a slash has none to climb.
        long climbs = Math.max(0, path.chars().filter(each -> each == '/').count() - 1);
        String root = "./" + "../".repeat(Math.toIntExact(climbs));
        String title = HtmlUtils.htmlEscape(problem.code().title(), "UTF-8");
        return """
                <!doctype html>
                <html lang="en">
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width">
                <title>%s</title>
                <style>%s</style>
                <h1>%s</h1>
                <p>%s</p>
                <p><a href="%s">Start page</a></p>
                <p><small>Request %s</small></p>
                </html>
                """.formatted(
                        title,
                        STYLE,
                        title,
                        HtmlUtils.htmlEscape(problem.detail(), "UTF-8"),
                        root,
                        HtmlUtils.htmlEscape(requestId, "UTF-8"))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static String hash(String text) {
        byte[] digest = StrongTag.digest().digest(text.getBytes(StandardCharsets.UTF_8));
        return "sha256-" + Base64.getEncoder().encodeToString(digest);
    }
}
