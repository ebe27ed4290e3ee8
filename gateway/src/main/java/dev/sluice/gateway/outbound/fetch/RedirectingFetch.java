package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.Response;
import dev.sluice.gateway.outbound.fetch.ResponseGuard.Hop;
import dev.sluice.gateway.outbound.fetch.policy.UrlPath;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;

/**
 * Follows redirects itself, each hop through all the guards again. The client behind it follows none.
 *
 * <p>Nothing of one answer is carried into the next request: no cookies, no credentials, no referrer. What the caller
 * has of the resource is told to the URL alone that gave it. A redirect from https to http is refused: what was asked
 * for over a connection that nobody can change must not come over one that anybody can.
 */
final class RedirectingFetch implements OriginFetch {
    private final OriginUrls urls;
    private final Exchange exchange;
    private final ResponseGuard answers;
    private final int maxRedirects;

    RedirectingFetch(OriginUrls urls, int maxRedirects, ResponseGuard answers, Exchange exchange) {
        this.urls = urls;
        this.exchange = exchange;
        this.answers = answers;
        this.maxRedirects = maxRedirects;
    }

    @Override
    public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        return Mono.defer(() -> {
            Target first = urls.check(request.url(), request.urlPolicy());
            return new RedirectChain<>(request, first, reader).hop(first);
        });
    }

    /** What one exchange led to. */
    private sealed interface Step<T> {
        record Read<T>(T result) implements Step<T> {}

        record Redirected<T>(Target next) implements Step<T> {}
    }

    /** The hops of one fetch. */
    private final class RedirectChain<T> {
        private final FetchRequest request;
        private final Target first;
        private final Function<OriginResponse, Mono<T>> reader;
        private final Set<Target> seen = new HashSet<>();

        RedirectChain(FetchRequest request, Target first, Function<OriginResponse, Mono<T>> reader) {
            this.request = request;
            this.first = first;
            this.reader = reader;
        }

        Mono<T> hop(Target target) {
            seen.add(target);
            return exchange.<Step<T>>get(
                            target, answers.ask(request, new Hop(first, target)), response -> step(target, response))
                    .flatMap(step -> switch (step) {
                        case Step.Read<T>(T result) -> Mono.just(result);
                        case Step.Redirected<T>(Target next) -> hop(next);
                    });
        }

        private Mono<Step<T>> step(Target target, Response response) {
            return response.isRedirect()
                    ? Mono.fromCallable(() -> new Step.Redirected<>(next(target, response)))
                    : answers.read(new Hop(first, target), response, request, exchange, reader)
                            .map(Step.Read::new);
        }

        private Target next(Target target, Response response) {
            if (seen.size() > maxRedirects) {
                throw FetchErrors.badAnswer(response.status(), "More than " + maxRedirects + " redirects");
            }
            Target next = urls.check(RedirectLocation.of(target, response), request.urlPolicy());
            if (target.isSecure() && !next.isSecure()) {
                throw FetchErrors.badAnswer(response.status(), "The origin redirects from https to http");
            }
            if (seen.contains(next)) {
                throw FetchErrors.badAnswer(response.status(), "The origin redirects in a circle");
            }
            return next;
        }
    }

    /**
     * Where a redirect leads: its {@code Location} (RFC 9110 section 10.2.2), resolved against the URL that it came
     * from (RFC 3986 section 5.2).
     *
     * <p>Origins write what browsers understand, so it is read as they do: a backslash before the query is a slash;
     * tabs are dropped; bytes beyond ASCII are percent-encoded as they came, whatever they meant, but for those of a
     * host, which are UTF-8. Nothing is judged here; {@link OriginUrls} judges the result, dot segments and all.
     */
    private static final class RedirectLocation {
        private static final Pattern SCHEME = Pattern.compile("(?s)[A-Za-z][A-Za-z0-9+.-]*:.*");

        private RedirectLocation() {}

        /**
         * The absolute URL, not yet judged.
         *
         * @throws FetchException when there is none, more than one that differ, or one that is too long
         */
        static String of(Target from, Response response) {
            List<String> values = response.headers().getOrEmpty(HttpHeaders.LOCATION).stream()
                    .distinct()
                    .toList();
            if (values.size() != 1 || values.getFirst().isBlank()) {
                throw FetchErrors.badAnswer(response.status(), "The origin redirects without saying where to");
            }
            String location = values.getFirst().strip();
            if (location.length() > OriginUrls.LONGEST) {
                throw FetchErrors.badAnswer(response.status(), "The origin redirects to a URL that is too long");
            }
            return resolve(from, slashed(location.replace("\t", "")));
        }

        private static String resolve(Target from, String location) {
            String base = from.uri().getScheme() + ":";
            String authority = "//" + from.uri().getRawAuthority();
            String path = from.uri().getRawPath();
            if (SCHEME.matcher(location).matches()) {
                return decoded(location);
            }
            if (location.startsWith("//")) {
                return decoded(base + location);
            }
            String reference = encoded(location, 0);
            if (reference.startsWith("/")) {
                return base + authority + reference;
            }
            if (reference.startsWith("?")) {
                return base + authority + path + reference;
            }
            return reference.isEmpty()
                    ? from.uri().toString()
                    : base + authority + path.substring(0, path.lastIndexOf('/') + 1) + reference;
        }

        /** Without its fragment, which is no part of a request, and with slashes for backslashes up to the query. */
        private static String slashed(String location) {
            int fragment = location.indexOf('#');
            String whole = fragment < 0 ? location : location.substring(0, fragment);
            int query = whole.indexOf('?');
            int end = query < 0 ? whole.length() : query;
            return whole.substring(0, end).replace('\\', '/')
                    + whole.substring(end).replace("\\", "%5C");
        }

        /** An absolute URL: its host's bytes are UTF-8, all others stay what they are. */
        private static String decoded(String location) {
            int authority = location.indexOf("//") + 2;
            int end = authority < 2 ? 0 : authority;
            while (end < location.length() && location.charAt(end) != '/' && location.charAt(end) != '?') {
                end++;
            }
            byte[] start = location.substring(0, end).getBytes(StandardCharsets.ISO_8859_1);
            return new String(start, StandardCharsets.UTF_8) + encoded(location, end);
        }

        /** Header bytes arrive one a character. */
        private static String encoded(String location, int from) {
            StringBuilder ascii = new StringBuilder(location.length());
            for (int i = from; i < location.length(); i++) {
                char c = location.charAt(i);
                if (c < 0x80) {
                    ascii.append(c);
                } else {
                    UrlPath.append(ascii, (byte) c);
                }
            }
            return ascii.toString();
        }
    }
}
