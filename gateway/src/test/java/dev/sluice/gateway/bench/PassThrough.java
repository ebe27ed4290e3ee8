package dev.sluice.gateway.bench;

import java.util.Map;
import java.util.Objects;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;

/** What anybody would write first: WebFlux in, {@code WebClient} out, buffers handed on. No guard of any kind. */
@SpringBootConfiguration
@EnableAutoConfiguration
public class PassThrough {

    /** {@code PassThrough PORT ORIGIN}. */
    public static void main(String[] args) {
        SpringApplication application = new SpringApplication(PassThrough.class);
        application.setDefaultProperties(Map.of("server.port", args[0], "origin", args[1]));
        application.run();
    }

    @Bean
    RouterFunction<ServerResponse> everything(@Value("${origin}") String origin, ReactorResourceFactory resources) {
        WebClient client = WebClient.builder()
                .clientConnector(new ReactorClientHttpConnector(resources, http -> http))
                .baseUrl(origin)
                .build();
        return RouterFunctions.route()
                .GET(
                        "/{*path}",
                        request -> client.get()
                                .uri(request.pathVariable("path"))
                                .retrieve()
                                .toEntityFlux(DataBuffer.class)
                                .flatMap(answer -> ServerResponse.status(answer.getStatusCode())
                                        .headers(headers -> headers.addAll(answer.getHeaders()))
                                        .body(BodyInserters.fromDataBuffers(Objects.requireNonNull(answer.getBody())))))
                .build();
    }
}
