package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.inbound.identity.IdentityProperties;
import dev.sluice.gateway.inbound.identity.TrustedProxies;
import dev.sluice.gateway.inbound.telemetry.EventLoopLag;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.WriteBufferWaterMark;
import java.time.Clock;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServer;

/** Sets the bounds of every client connection on the server itself. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TransportProperties.class)
public class ServerTransport {
    /**
     * Above this a response is flushed after every buffer. By default that is one buffer of 64 KB; what waits in a
     * response is bounded by the 4 that are asked for at once, and they leave in one system call.
     */
    private static final WriteBufferWaterMark UNWRITABLE = new WriteBufferWaterMark(256 * 1024, 1024 * 1024);

    private final DateHeaderHandler date = new DateHeaderHandler(Clock.systemUTC());
    private final RequestHeadCheck check = new RequestHeadCheck();
    private final ResetHandler reset = new ResetHandler();

    @Bean
    WebServerFactoryCustomizer<NettyReactiveWebServerFactory> boundedConnections(
            TransportProperties properties, IdentityProperties identity, TrustedProxies proxies, DrainHandler drain) {
        PublicAddress address = new PublicAddress(proxies, identity.publicUrl());
        return factory -> factory.addServerCustomizers(server -> {
            HttpServer bounded = bounded(server, properties, drain);
            return address.isNeeded() ? bounded.forwarded(address) : bounded;
        });
    }

    @Bean
    DrainHandler drainHandler() {
        return new DrainHandler();
    }

    @Bean
    EventLoopLag eventLoopLag(ReactorResourceFactory resources, MeterRegistry meters) {
        return EventLoopLag.watch(resources.getLoopResources().onServer(true), meters);
    }

    private HttpServer bounded(HttpServer server, TransportProperties properties, DrainHandler drain) {
        return server.idleTimeout(properties.idleTimeout())
                .readTimeout(properties.readTimeout())
                .httpRequestDecoder(decoder -> decoder.maxInitialLineLength(
                                Math.toIntExact(properties.maxRequestLine().toBytes()))
                        .maxHeaderSize(
                                Math.toIntExact(properties.maxHeaderSize().toBytes())))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNWRITABLE)
                .doOnChannelInit((observer, channel, address) -> {
                    ChannelPipeline pipeline = channel.pipeline();
                    pipeline.addFirst(new SlowReaderHandler(properties.stalledAfter(), properties.slowestReader()));
                    // In the order in which a request passes them; an answer comes the other way.
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, reset);
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, new OpenChunkHandler());
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, new TruncatedResponseHandler());
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, date);
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, check);
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, new LingeringCloseHandler());
                    pipeline.addBefore(NettyPipeline.HttpTrafficHandler, null, new ServerProblems());
                    pipeline.addAfter(NettyPipeline.HttpTrafficHandler, null, drain);
                    pipeline.addAfter(NettyPipeline.HttpTrafficHandler, null, new Http10Handler());
                });
    }
}
