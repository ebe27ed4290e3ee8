package dev.sluice.gateway.inbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.WatchedExchange;
import dev.sluice.gateway.testing.WrittenOrder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the class comment of {@link RequestFilter} says is what a request passes, in that order. */
class RequestFilterTest {
    /** The class that the filter has called. */
    private static Optional<String> calledByTheFilter(List<String> stack) {
        int filter = stack.indexOf(RequestFilter.class.getName());
        return filter > 0 ? Optional.of(stack.get(filter - 1)) : Optional.empty();
    }

    @Test
    void requestPassesTheStepsInTheOrderThatTheClassCommentSays() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(Map.of())) {
            WatchedExchange exchange = new WatchedExchange(
                    MockServerWebExchange.from(MockServerHttpRequest.get("/nothing-is-here")),
                    RequestFilterTest::calledByTheFilter);
            RequestFilter filter = gateway.bean("requestFilter", RequestFilter.class);

            StepVerifier.create(filter.filter(exchange, further -> Mono.empty()))
                    .verifyComplete();

            assertThat(exchange.steps()).containsExactlyElementsOf(WrittenOrder.of(RequestFilter.class));
        }
    }
}
