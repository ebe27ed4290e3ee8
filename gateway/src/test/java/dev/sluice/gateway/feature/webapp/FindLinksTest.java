package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The module {@code find-links.js} by itself, in a page that has nothing else to do. */
@ExtendWith(WebApp.Extension.class)
class FindLinksTest {
    private static final String A = "https://e.com/a.jpg";
    private static final String B = "https://e.com/b.png";

    /**
     * A text and what is to be found in it.
     *
     * @param text as it is pasted
     * @param urls in their order
     */
    record Pasted(String text, List<String> urls) {
        static Pasted of(String text, String... urls) {
            return new Pasted(text, List.of(urls));
        }
    }

    static List<Pasted> texts() {
        return List.of(
                Pasted.of(A + "\n" + B, A, B),
                Pasted.of(A + "," + B, A, B),
                Pasted.of(A + ",b.png", A, B),
                Pasted.of(A + ";" + B + ";", A, B),
                Pasted.of(A + B, A, B),
                Pasted.of("'" + A + "','" + B + "'", A, B),
                Pasted.of("See " + A + ". Or (" + B + "), too!", A, B),
                Pasted.of("https://e.com/lock_(1).png", "https://e.com/lock_(1).png"),
                Pasted.of("https://e.com/it's.png", "https://e.com/it's.png"),
                Pasted.of("https://e.com/w_300,h_200/a.jpg", "https://e.com/w_300,h_200/a.jpg"),
                Pasted.of("https://e.com/a.jpg?w=1,2&h=3", "https://e.com/a.jpg?w=1,2&h=3"),
                Pasted.of("https://e.com/200 https://e.com/300", "https://e.com/200", "https://e.com/300"),
                Pasted.of("http://[::1]:80/a.png", "http://[::1]:80/a.png"),
                // Without a scheme
                Pasted.of(
                        "e.com/a.jpg www.e.com/b.png //e.com/c.gif",
                        A,
                        "https://www.e.com/b.png",
                        "https://e.com/c.gif"),
                Pasted.of("me@e.com, 3.50, e.g. this, ftp://e.com/a.jpg"),
                // Markdown
                Pasted.of("![gate](" + A + " \"The gate\") and [lock](" + B + ")", A, B),
                Pasted.of("[![gate](" + A + ")](https://e.com/page)", A),
                Pasted.of(
                        "[1]: " + A + " \"The gate\"\n<" + B + ">\n**https://e.com/c.gif**",
                        A,
                        B,
                        "https://e.com/c.gif"),
                // HTML
                Pasted.of(
                        "<img src=\"" + A + "\"><a href='" + B + "'>b</a><a href=\"https://e.com/page\">page</a>",
                        A,
                        B),
                Pasted.of(
                        "<img src=\"https://e.com/s.jpg\" srcset=\"https://e.com/s.jpg 1x, https://e.com/l.jpg 2x\">",
                        "https://e.com/l.jpg"),
                Pasted.of(
                        "<img src=\"data:image/gif;base64,R0lGOD\" data-src=\"//e.com/lazy?x=1&amp;y=2\">",
                        "https://e.com/lazy?x=1&y=2"),
                Pasted.of(
                        "<picture><source srcset=\"https://e.com/a.avif 320w, https://e.com/b.avif 640w\"></picture>",
                        "https://e.com/b.avif"),
                Pasted.of("<meta property=\"og:image\" content=\"https://e.com/share\">", "https://e.com/share"),
                Pasted.of("<div style=\"background: url('" + A + "')\">", A),
                // CSV
                Pasted.of("url;title\n\"" + A + "\";\"Gate\"\n" + B + ";Lock", A, B),
                Pasted.of(A + ",Gate at dawn\n" + B + ",Lock", A, B),
                // JSON
                Pasted.of(
                        "{\"images\":[{\"url\":\"https:\\/\\/e.com\\/a.jpg\",\"page\":\"https://e.com/p\"},\"" + B
                                + "\"]}",
                        A,
                        B),
                Pasted.of("[\"" + A + "\", // not quite JSON\n \"" + B + "\"]", A, B));
    }

    @ParameterizedTest
    @MethodSource("texts")
    void everyLinkToAPictureIsFound(Pasted pasted, WebApp app) {
        assertThat(find(app, pasted.text()).get("urls")).isEqualTo(pasted.urls());
    }

    @Test
    void whatIsThereTwiceIsFoundOnceAndCounted(WebApp app) {
        Map<?, ?> found = find(app, A + " " + A + "#top HTTPS://E.com/a.jpg");

        assertThat(found.get("urls")).isEqualTo(List.of(A));
        assertThat(found.get("repeated")).isEqualTo(2);
    }

    @Test
    void whatIsLeftOutIsTold(WebApp app) {
        Map<?, ?> found =
                find(app, "<img src=\"/gate.png\"><img src=\"" + A + "\"><a href=\"https://e.com/page\">page</a>");

        assertThat(found.get("relative")).isEqualTo(List.of("/gate.png"));
        assertThat(found.get("others")).isEqualTo(List.of("https://e.com/page"));
    }

    @Test
    void aLargeTextTakesNoLongerThanItsLength(WebApp app) {
        String text = "<img src=\"x".repeat(2_000) + ("((" + A + ",").repeat(5_000);

        assertThat(find(app, text).get("urls")).isEqualTo(List.of(A));
    }

    static List<String> textsThatLookLikeMuch() {
        return List.of(
                "[".repeat(100_000),
                "x " + "[[1,2],[3,4],".repeat(20_000),
                "!" + "[a".repeat(30_000) + "](" + A + ")",
                "[a](" + " ".repeat(100_000),
                "url(".repeat(100_000),
                "url(" + " ".repeat(200_000),
                "https://e.com/" + "(".repeat(200_000),
                "https://e.com/" + ".,;".repeat(100_000) + "x",
                A + "'".repeat(100_000));
    }

    /** Each took minutes once: whatever is pasted, the page has to go on. */
    @ParameterizedTest
    @MethodSource("textsThatLookLikeMuch")
    void noTextHoldsThePageUp(String text, WebApp app) {
        assertThat((List<?>) find(app, text + "\n" + B).get("urls")).last().isEqualTo(B);
    }

    private static Map<?, ?> find(WebApp app, String text) {
        try (Visit visit = app.visit()) {
            visit.page().navigate(app.root() + "v3/api-docs"); // a page without a script of its own
            String module = app.root() + "assets/" + Assets.load().version() + "/find-links.js";
            return (Map<?, ?>) Objects.requireNonNull(visit.page()
                    .evaluate(
                            "([module, text]) => import(module).then(({findLinks}) => findLinks(text))",
                            List.of(module, text)));
        }
    }
}
