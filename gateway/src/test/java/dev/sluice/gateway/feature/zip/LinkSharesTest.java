package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** Whose the room for links is. */
class LinkSharesTest {
    private static final JsonMapper JSON = JsonMapper.shared();

    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        gateway = RunningGateway.start(Map.of(
                "sluice.zip.link-store", "2MB",
                "sluice.zip.max-body", "64KB",
                "sluice.trusted-proxies", "127.0.0.1"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    /** Text of which nothing can be packed away. */
    static String random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return Base64.getUrlEncoder().encodeToString(bytes).substring(0, length);
    }

    private static HttpResponse<byte[]> link(String address, String url) {
        String body = "{\"images\":[{\"url\":\"http://example.com/" + url + "\"}]}";
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip/links"))
                .header("X-Forwarded-For", address)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    @Test
    void oneAddressDoesNotFillTheStoreOfLinksForAll() {
        int kept = 0;
        HttpResponse<byte[]> answer = link("192.0.2.1", random(50_000));
        while (answer.statusCode() == 201 && kept < 100) {
            kept++;
            answer = link("192.0.2.1", random(50_000));
        }

        assertThat(kept).as("links of 37 KB in a store of 2 MB").isBetween(1, 3);
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo("quota_exceeded");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("600");
        assertThat(link("192.0.2.2", random(50_000)).statusCode()).isEqualTo(201);
    }

    @Test
    void linksThatPeopleMakeAreManyInAShare() {
        String urls = "a.png\"},{\"url\":\"http://example.com/pictures/of/the/summer/".repeat(19) + "b.png";
        for (int i = 0; i < 100; i++) {
            assertThat(link("192.0.2.3", urls).statusCode()).isEqualTo(201);
        }
    }
}
