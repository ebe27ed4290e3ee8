package dev.sluice.gateway;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextType;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;

/**
 * The server of operations, where they have a port of their own. Spring Boot gives it every route of the application
 * besides, and none of the bounds of its connections: this takes the first away, and sets the second.
 */
@ManagementContextConfiguration(value = ManagementContextType.CHILD, proxyBeanMethods = false)
class OperationsPort {

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    WebFilter operationsAlone(@Value("${management.endpoints.web.base-path:/actuator}") String base) {
        return (exchange, chain) -> {
            String path = exchange.getRequest().getPath().value();
            return path.equals(base) || path.startsWith(base + "/")
                    ? chain.filter(exchange)
                    : Mono.error(new GatewayException(ProblemCode.NOT_FOUND, "Only operations are here."));
        };
    }

    @Bean
    WebServerFactoryCustomizer<NettyReactiveWebServerFactory> boundedOperations(
            @Qualifier("boundedConnections") WebServerFactoryCustomizer<NettyReactiveWebServerFactory> boundedConnections) {
        return boundedConnections;
    }

    @Bean
    ListenAddress operationsAddress(Environment environment) {
        return new ListenAddress(environment);
    }
}
