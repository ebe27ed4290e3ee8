package dev.sluice.gateway.inbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the class comment of {@link RequestFilter} says is what a request passes, in that order. */
class RequestFilterTest {
    private static final Path SOURCE = Path.of("src/main/java/dev/sluice/gateway/inbound/RequestFilter.java");
    private static final Pattern STEP = Pattern.compile("<li>\\{@link (\\w+)}");

    /** Notes which of the filter's steps looks at it, at the first look. */
    private static final class Watched extends ServerWebExchangeDecorator {
        private static final StackWalker STACK = StackWalker.getInstance();
        private final Set<String> steps = new LinkedHashSet<>();

        Watched(ServerWebExchange exchange) {
            super(exchange);
        }

        /** The class that the filter has called, on whose behalf this is asked. */
        private void look() {
            Optional<String> step = STACK.walk(frames -> {
                List<String> inner = new ArrayList<>();
                for (StackWalker.StackFrame frame : (Iterable<StackWalker.StackFrame>) frames::iterator) {
                    if (frame.getClassName().equals(RequestFilter.class.getName())) {
                        return inner.getLast().equals(Watched.class.getName())
                                ? Optional.empty()
                                : Optional.of(inner.getLast());
                    }
                    inner.add(frame.getClassName());
                }
                return Optional.empty();
            });
            step.map(name -> name.substring(name.lastIndexOf('.') + 1)).ifPresent(steps::add);
        }

        @Override
        public ServerHttpRequest getRequest() {
            look();
            return super.getRequest();
        }

        @Override
        public ServerHttpResponse getResponse() {
            look();
            return super.getResponse();
        }

        @Override
        public Map<String, Object> getAttributes() {
            look();
            return super.getAttributes();
        }
    }

    @Test
    void requestPassesTheStepsInTheOrderThatTheClassCommentSays() throws IOException {
        try (RunningGateway gateway = RunningGateway.start(Map.of())) {
            Watched exchange = new Watched(MockServerWebExchange.from(MockServerHttpRequest.get("/nothing-is-here")));
            RequestFilter filter = gateway.bean("requestFilter", RequestFilter.class);

            StepVerifier.create(filter.filter(exchange, further -> Mono.empty()))
                    .verifyComplete();

            assertThat(exchange.steps).containsExactlyElementsOf(written());
        }
    }

    private static List<String> written() throws IOException {
        Matcher steps = STEP.matcher(Files.readString(SOURCE));
        List<String> all = new ArrayList<>();
        while (steps.find()) {
            all.add(steps.group(1));
        }
        return all;
    }
}
