package dev.sluice.gateway.inbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.Answer;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What can be had by GET can be asked for by HEAD, with the fields of GET (RFC 9110 section 9.3.2). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeadTest {
    private static final int ROUNDS = 20;

    private HostileOrigin origin;
    private RunningGateway gateway;
    private String token;

    record Declared(List<String> paths) {}

    @Configuration(proxyBeanMethods = false)
    static class ReadablePaths {
        @Bean
        Declared readablePaths(ObjectProvider<FeatureRoutes> features) {
            return new Declared(features.stream()
                    .flatMap(feature -> feature.endpoints().stream())
                    .filter(endpoint -> endpoint.method().equals(HttpMethod.GET))
                    .map(Endpoint::path)
                    .toList());
        }
    }

    @BeforeAll
    void start() {
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(1_000)));
        gateway = RunningGateway.start(
                origin, Map.of("sluice.samples.enabled", "true", "sluice.samples.port", "0"), ReadablePaths.class);
        token = gateway.signIn("alice", "user", "super-admin");
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    private Answer ask(String method, String path) throws IOException {
        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
                    + token + "\r\n\r\n");
            Answer answer = method.equals("HEAD") ? connection.answerToHead() : connection.answer();
            if (method.equals("HEAD")) {
                assertThat(connection.isEnded()).as("nothing but the head").isTrue();
            }
            return answer;
        }
    }

    private static List<String> comparable(Answer answer) {
        return Stream.of(
                        "Content-Type",
                        "Content-Length",
                        "Cache-Control",
                        "ETag",
                        "Content-Disposition",
                        "Accept-Ranges")
                .flatMap(name -> answer.fields(name).stream().map(value -> name + ": " + value))
                .toList();
    }

    @Test
    void everythingThatCanBeReadHasAHead() throws IOException {
        List<String> paths = Stream.concat(
                        gateway.bean(Declared.class).paths().stream(),
                        Stream.of("/actuator/health", "/nowhere", "/api/image-proxy?url=" + origin.url("/a.png")))
                .map(path -> path.replace("{id}", "0b6d1c1e-6f1e-4a39-9d0e-5f5f3f0f8a11")
                        .replaceAll("\\{[^}]+}", "user:alice"))
                .toList();

        assertThat(paths).hasSizeGreaterThan(15);
        for (String path : paths) {
            Answer get = ask("GET", path);
            Answer head = ask("HEAD", path);
            // Numbers of a moment may have a digit more in the next, so it may take several until two are alike.
            for (int round = 1; round <= ROUNDS && !comparable(head).equals(comparable(get)); round++) {
                get = ask("GET", path);
                head = ask("HEAD", path);
            }

            assertThat(head.status()).as(path).isEqualTo(get.status());
            assertThat(head.fields("Content-Type")).as(path).isEqualTo(get.fields("Content-Type"));
            if (get.status() == 200 && !path.contains("session") && !path.contains("limits")) { // which count requests
                assertThat(comparable(head)).as(path).isEqualTo(comparable(get));
            }
        }
    }

    @Test
    void headOfALinkFetchesNothing() throws IOException {
        Link created = link("skip");

        Answer head = ask("HEAD", created.url());
        Answer events = ask("HEAD", created.eventsUrl());

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.fields("Content-Type")).containsExactly("application/zip");
        assertThat(head.fields("Content-Disposition").getFirst()).startsWith("attachment");
        assertThat(events.status()).isEqualTo(200);
        assertThat(events.fields("Content-Type").getFirst()).startsWith("text/event-stream");
        assertThat(ask("HEAD", link("fail").url()).status()).isEqualTo(200);
        assertThat(origin.requests("/never.png")).isZero();
    }

    private record Link(String url, String eventsUrl) {}

    private Link link(String onError) {
        JsonNode link = JsonMapper.shared()
                .readTree(gateway.post(
                                "/api/zip/links",
                                "{\"images\":[{\"url\":\"" + origin.url("/never.png") + "\"}],\"onError\":\"" + onError
                                        + "\"}")
                        .body());
        return new Link(link.path("url").asString(), link.path("eventsUrl").asString());
    }

    @Test
    void allowTellsOfIt() throws IOException {
        assertThat(ask("DELETE", "/api/zip/links/x").fields("Allow")).containsExactly("GET,HEAD");
    }
}
