package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.WatchedExchange;
import dev.sluice.gateway.testing.WrittenOrder;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.reactive.function.server.HandlerStrategies;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.WebFilter;
import reactor.test.StepVerifier;

/** What the class comment of {@link AdmissionChain} says is what a request passes, in that order. */
class AdmissionOrderTest {
    private static final Endpoint ENDPOINT = Endpoint.post(
                    "test",
                    "/test",
                    MediaType.APPLICATION_JSON,
                    request -> ServerResponse.noContent().build())
            .openTo(Access.PUBLIC);

    /** The guards that the chain is made of, whatever its comment says. */
    private static final List<String> GUARDS = Arrays.stream(
                    AdmissionChain.class.getConstructors()[0].getParameterTypes())
            .map(Class::getName)
            .toList();

    private static Optional<String> guard(List<String> stack) {
        return stack.contains(AdmissionChain.class.getName())
                ? stack.stream().filter(GUARDS::contains).findFirst()
                : Optional.empty();
    }

    @Test
    void requestPassesTheGuardsInTheOrderThatTheClassCommentSays() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(Map.of())) {
            AdmissionChain admission = gateway.bean(AdmissionChain.class);
            WatchedExchange exchange = new WatchedExchange(
                    MockServerWebExchange.from(MockServerHttpRequest.post("/test")
                            // Else the first guard finds all it looks for in the request's head, read before.
                            .header(HttpHeaders.TRANSFER_ENCODING, "chunked")
                            .body("dropped")),
                    AdmissionOrderTest::guard);

            StepVerifier.create(gateway.bean("requestFilter", WebFilter.class)
                            .filter(
                                    exchange,
                                    known -> admission
                                            .admit(
                                                    ENDPOINT,
                                                    ServerRequest.create(
                                                            known,
                                                            HandlerStrategies.withDefaults()
                                                                    .messageReaders()))
                                            .then()))
                    .verifyComplete();

            assertThat(exchange.steps())
                    .containsExactlyElementsOf(WrittenOrder.of(AdmissionChain.class))
                    .hasSameSizeAs(GUARDS);
        }
    }
}
