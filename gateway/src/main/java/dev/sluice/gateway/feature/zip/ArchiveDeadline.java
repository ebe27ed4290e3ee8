package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.RequestContext;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * {@code sluice.zip.archive-timeout} of an answer whose client takes its time. A connection may have been given whole
 * images, or all of them: an error of the body would be heard when the client has read these, so the connection is cut
 * off instead.
 */
record ArchiveDeadline(Duration timeout, Scheduler timer) {

    /** Cuts off the connection so long after the head of the answer, unless the exchange ends before. */
    void watch(ServerWebExchange exchange) {
        RequestContext context = RequestContext.of(exchange);
        exchange.getResponse()
                .beforeCommit(() -> Mono.fromRunnable(() -> context.resources()
                        .add(timer.schedule(() -> cutOff(context), timeout.toNanos(), TimeUnit.NANOSECONDS))));
    }

    private void cutOff(RequestContext context) {
        context.connection().cutOff("has not taken its archive within " + DurationWords.of(timeout));
    }
}
