package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.AnswerReader.Hop;
import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * Follows redirects itself, each hop through all the guards again. The client behind it follows none.
 *
 * <p>Nothing of one answer is carried into the next request: no cookies, no credentials, no referrer. A redirect from
 * https to http is refused: what was asked for over a connection that nobody can change must not come over one that
 * anybody can.
 */
final class RedirectingFetch implements OriginFetch {
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
            Target first = urls.check(request.url(), request.reach());
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
                    : answers.read(new Hop(first, target), answer, request, exchange, reader)
                            .map(Step.Read::new);
        }

        private Target next(Target target, Answer answer) {
            if (seen.size() > maxRedirects) {
                throw Failures.badAnswer(answer.status(), "More than " + maxRedirects + " redirects");
            }
            Target next = urls.check(RedirectLocation.of(target, answer), request.reach());
            if (target.isSecure() && !next.isSecure()) {
                throw Failures.badAnswer(answer.status(), "The origin redirects from https to http");
            }
            if (seen.contains(next)) {
                throw Failures.badAnswer(answer.status(), "The origin redirects in a circle");
            }
            return next;
        }
    }
}
