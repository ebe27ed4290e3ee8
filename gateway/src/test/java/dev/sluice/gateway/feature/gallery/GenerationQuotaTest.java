package dev.sluice.gateway.feature.gallery;

import static dev.sluice.gateway.feature.gallery.GalleryClient.code;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a user may spend on images, from wherever the requests come. */
class GenerationQuotaTest {
    private static RunningGateway gateway(String limit) {
        return RunningGateway.start(Map.of(
                "sluice.limits.enabled",
                "true",
                "sluice.limits.definitions." + limit + ".units",
                "2",
                "sluice.trusted-proxies",
                "127.0.0.1"));
    }

    @Test
    void imagesOfADayAreTheUsersWhateverTheAddress() {
        try (RunningGateway gateway = gateway("image-day")) {
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            GalleryClient bob = GalleryClient.signIn(gateway::uri, "bob", List.of("user"), List.of());

            assertThat(alice.ordering("one", "X-Forwarded-For", "203.0.113.1").statusCode())
                    .isEqualTo(202);
            assertThat(alice.ordering("two", "X-Forwarded-For", "203.0.113.2").statusCode())
                    .isEqualTo(202);
            HttpResponse<byte[]> third = alice.ordering("three", "X-Forwarded-For", "203.0.113.3");

            assertThat(third.statusCode()).isEqualTo(429);
            assertThat(code(third)).isEqualTo("quota_exceeded");
            assertThat(third.headers().firstValue("Retry-After")).isPresent();
            assertThat(bob.ordering("one", "X-Forwarded-For", "203.0.113.3").statusCode())
                    .isEqualTo(202);
        }
    }

    @Test
    void imagesOfAMinuteAreTheUsersWhateverTheAddress() {
        try (RunningGateway gateway = gateway("image-minute")) {
            GalleryClient alice = GalleryClient.alice(gateway::uri);

            alice.ordering("one", "X-Forwarded-For", "203.0.113.1");
            alice.ordering("two", "X-Forwarded-For", "203.0.113.2");
            HttpResponse<byte[]> third = alice.ordering("three", "X-Forwarded-For", "203.0.113.3");

            assertThat(third.statusCode()).isEqualTo(429);
            assertThat(code(third)).isEqualTo("endpoint_throttled");
        }
    }
}
