package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;

/**
 * A gateway that dies at the moment that a request's {@value #HALT} names, as {@code kill -9} would have it: nothing is
 * closed, nothing is written any more.
 */
final class HaltingGateway {
    /** A {@link Moment} of the store, or {@value #BEFORE_ANSWER}. */
    static final String HALT = "X-Halt";

    /** All is done, and the client is not told. */
    static final String BEFORE_ANSWER = "BEFORE_ANSWER";

    private HaltingGateway() {}

    /** Entry point of the process. */
    public static void main(String[] args) {
        new SpringApplicationBuilder(GatewayApplication.class)
                .sources(FaultyStore.Installed.class, Halts.class)
                .run(args);
    }

    @Configuration(proxyBeanMethods = false)
    static class Halts {
        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        WebFilter halts(ObjectStore store) {
            Mono<Void> halt = Mono.fromRunnable(() -> Runtime.getRuntime().halt(137));
            return (exchange, chain) -> {
                String moment = exchange.getRequest().getHeaders().getFirst(HALT);
                if (BEFORE_ANSWER.equals(moment)) {
                    exchange.getResponse().beforeCommit(() -> halt);
                } else if (moment != null) {
                    ((FaultyStore) store).on(Moment.valueOf(moment), () -> halt);
                }
                return chain.filter(exchange);
            };
        }
    }
}
