package dev.sluice.gateway.inbound.admission;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.netty.http.server.HttpServer;

/** Sets the bounds of every client connection on the server itself. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TransportProperties.class)
public class ServerTransport {

    @Bean
    WebServerFactoryCustomizer<NettyReactiveWebServerFactory> boundedConnections(TransportProperties properties) {
        return factory -> factory.addServerCustomizers(server -> bounded(server, properties));
    }

    private static HttpServer bounded(HttpServer server, TransportProperties properties) {
        return server.idleTimeout(properties.idleTimeout())
                .readTimeout(properties.readTimeout())
                .httpRequestDecoder(decoder -> decoder.maxHeaderSize(
                        Math.toIntExact(properties.maxHeaderSize().toBytes())))
                .doOnChannelInit((observer, channel, address) -> channel.pipeline()
                        .addFirst(new StalledClients(properties.stalledAfter(), properties.slowestReader())));
    }
}
