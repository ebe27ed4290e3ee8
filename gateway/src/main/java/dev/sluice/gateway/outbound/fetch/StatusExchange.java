package dev.sluice.gateway.outbound.fetch;

import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * Turns every status into an error but 2xx, the redirects and a 304 that was asked for, so that whoever decides about
 * another try sees it.
 *
 * <p>A 206 is an error too unless a part was asked for, and then so is everything else.
 */
final class StatusExchange implements Exchange {
    private static final int PARTIAL_CONTENT = 206;

    private final Exchange exchange;

    StatusExchange(Exchange exchange) {
        this.exchange = exchange;
    }

    @Override
    public <T> Mono<T> get(Target target, Ask ask, Function<Answer, Mono<T>> reader) {
        return exchange.get(
                target,
                ask,
                answer -> isWanted(answer, ask)
                        ? reader.apply(answer)
                        : Mono.error(() -> Failures.badStatus(answer.status(), RetryAfter.of(answer.headers()))));
    }

    private static boolean isWanted(Answer answer, Ask ask) {
        return ask.part() != null
                ? answer.status() == PARTIAL_CONTENT
                : isGood(answer.status()) || isRedirect(answer.status()) || isUnchanged(answer, ask);
    }

    /** RFC 9110 section 15.4; not 300, which offers a choice, nor 304, which answers a condition. */
    static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private static boolean isUnchanged(Answer answer, Ask ask) {
        return answer.status() == OriginResponse.NOT_MODIFIED && ask.known().present();
    }

    private static boolean isGood(int status) {
        return status >= 200 && status < 300 && status != PARTIAL_CONTENT;
    }
}
