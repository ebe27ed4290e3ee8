package dev.sluice.gateway.testing;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;

/** Notes which steps of a chain look at it, each at its first look. */
public final class WatchedExchange extends ServerWebExchangeDecorator {
    private static final StackWalker STACK = StackWalker.getInstance();

    private final Function<List<String>, Optional<String>> step;
    private final Set<String> steps = new LinkedHashSet<>();

    /** @param step which step looks, by the names of the classes on the stack, innermost first, without this one */
    public WatchedExchange(ServerWebExchange exchange, Function<List<String>, Optional<String>> step) {
        super(exchange);
        this.step = step;
    }

    /** The simple names of the steps, in the order of their first looks. */
    public List<String> steps() {
        return List.copyOf(steps);
    }

    private void look() {
        List<String> classes = STACK.walk(frames -> frames.map(StackWalker.StackFrame::getClassName)
                .dropWhile(WatchedExchange.class.getName()::equals)
                .toList());
        step.apply(classes)
                .map(name -> name.substring(name.lastIndexOf('.') + 1))
                .ifPresent(steps::add);
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
