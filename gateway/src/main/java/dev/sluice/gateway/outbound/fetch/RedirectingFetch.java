package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.AnswerReader.Hop;
import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;

/**
 * Follows redirects itself, each hop through all the guards again. The client behind it follows none.
 *
 * <p>Nothing of one answer is carried into the next request: no cookies, no credentials, no referrer. A redirect from
 * https to http is refused: what was asked for over a connection that nobody can change must not come over one that
 * anybody can.
 */
final class RedirectingFetch implements OriginFetch {
    /** Longest {@code Location} followed, in characters. Signed URLs are longer than those that people write. */
    private static final int LONGEST_LOCATION = 8192;

    private final UrlGuard urls;
    private final Exchange exchange;
    private final AnswerReader answers;
    private final int maxRedirects;

    RedirectingFetch(UrlGuard urls, int maxRedirects, AnswerReader answers, Exchange exchange) {
        this.urls = urls;
        this.exchange = exchange;
        this.answers = answers;
        this.maxRedirects = maxRedirects;
    }

    @Override
    public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        return Mono.defer(() -> {
            Target first = urls.check(request.url(), request.reach(), UrlGuard.LONGEST_URL);
            return new Journey<>(request, first, reader).hop(first);
        });
    }

    /** What one exchange led to. */
    private sealed interface Step<T> {
        record Read<T>(T result) implements Step<T> {}

        record Redirected<T>(Target next) implements Step<T> {}
    }

    /** The hops of one fetch. */
    private final class Journey<T> {
        private final FetchRequest request;
        private final Target first;
        private final Function<OriginResponse, Mono<T>> reader;
        private final Set<Target> seen = new HashSet<>();

        Journey(FetchRequest request, Target first, Function<OriginResponse, Mono<T>> reader) {
            this.request = request;
            this.first = first;
            this.reader = reader;
        }

        Mono<T> hop(Target target) {
            seen.add(target);
            return exchange.<Step<T>>get(target, answers.ask(request), answer -> step(target, answer))
                    .flatMap(step -> switch (step) {
                        case Step.Read<T>(T result) -> Mono.just(result);
                        case Step.Redirected<T>(Target next) -> hop(next);
                    });
        }

        private Mono<Step<T>> step(Target target, Answer answer) {
            return StatusExchange.isRedirect(answer.status())
                    ? Mono.fromCallable(() -> new Step.Redirected<>(next(target, answer)))
                    : answers.read(new Hop(first, target), answer, request, reader)
                            .map(Step.Read::new);
        }

        private Target next(Target target, Answer answer) {
            if (seen.size() > maxRedirects) {
                throw Failures.badAnswer(answer.status(), "More than " + maxRedirects + " redirects");
            }
            Target next = urls.check(location(target, answer), request.reach(), LONGEST_LOCATION);
            if (target.isSecure() && !next.isSecure()) {
                throw Failures.badAnswer(answer.status(), "The origin redirects from https to http");
            }
            if (seen.contains(next)) {
                throw Failures.badAnswer(answer.status(), "The origin redirects in a circle");
            }
            return next;
        }
    }

    /** RFC 9110 section 10.2.2, resolved as RFC 3986 section 5.2 says. */
    private static String location(Target from, Answer answer) {
        List<String> values = answer.headers().getOrEmpty(HttpHeaders.LOCATION);
        if (values.size() != 1 || values.getFirst().isBlank()) {
            throw Failures.badAnswer(answer.status(), "The origin redirects without saying where to");
        }
        String location = utf8(values.getFirst().strip());
        if (location.length() > LONGEST_LOCATION) {
            throw Failures.badAnswer(answer.status(), "The origin redirects to a URL that is too long");
        }
        if (location.startsWith("//")) {
            return from.uri().getScheme() + ":" + location;
        }
        if (location.matches("(?s)[A-Za-z][A-Za-z0-9+.-]*:.*")) {
            return location;
        }
        int fragment = location.indexOf('#');
        String relative = UrlGuard.encode(fragment < 0 ? location : location.substring(0, fragment));
        // URI resolves a lone query against the directory, as RFC 2396 did.
        String path = relative.startsWith("?") ? from.uri().getRawPath() + relative : relative;
        return from.uri().resolve(path).normalize().toString();
    }

    /** Header bytes arrive one a character; most origins that send others than ASCII mean UTF-8. */
    private static String utf8(String header) {
        boolean ascii = header.chars().allMatch(c -> c < 128);
        return ascii ? header : new String(header.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
