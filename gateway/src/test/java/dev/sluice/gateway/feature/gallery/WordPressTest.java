package dev.sluice.gateway.feature.gallery;

import static dev.sluice.gateway.feature.gallery.GalleryClient.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.WordPressStub;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;

/** Images of the gallery in a media library, over HTTP. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WordPressTest {
    private WordPressStub blog;
    private WordPressStub closed;
    private RunningGateway gateway;
    private GalleryClient alice;
    private String image;

    @BeforeAll
    void start(CapturedOutput output) {
        blog = WordPressStub.start();
        closed = WordPressStub.start();
        closed.media(
                closed.afterBody(WordPressStub.error(403, "rest_cannot_create", "Sorry, you may not upload files.")));
        Map<String, String> settings = new HashMap<>(Map.of("sluice.gallery.generation.poll", "100ms"));
        site(settings, "blog", blog, "roles", "user");
        site(settings, "closed", closed, "roles", "*");
        site(settings, "press", blog, "projects", "press");
        site(settings, "staff", blog);
        gateway = RunningGateway.start(settings);
        assertThat(output)
                .contains("sluice.gallery.wordpress.blog.url: " + blog.baseUrl()
                        + " sends the application password unencrypted (expected: https)");
        alice = GalleryClient.alice(gateway::uri);
        image = alice.ordered("a lighthouse");
        assertThat(alice.ended(image).path("status").asString("")).isEqualTo("completed");
    }

    private static void site(Map<String, String> settings, String name, WordPressStub at, String... admitted) {
        String prefix = "sluice.gallery.wordpress." + name + ".";
        settings.put(prefix + "url", at.baseUrl());
        settings.put(prefix + "user", WordPressStub.USER);
        settings.put(prefix + "application-password", WordPressStub.PASSWORD);
        for (int i = 0; i < admitted.length; i += 2) {
            settings.put(prefix + admitted[i], admitted[i + 1]);
        }
    }

    @AfterAll
    void stop() {
        gateway.close();
        blog.close();
        closed.close();
    }

    @BeforeEach
    void willing() {
        blog.change(WordPressStub.created());
    }

    private HttpResponse<byte[]> sending(GalleryClient client, String site) {
        return client.send("POST", image + "/wordpress", "{\"site\":\"" + site + "\"}");
    }

    @Test
    void siteIsForThoseWhomItAdmits() {
        for (String site : List.of("press", "staff")) {
            HttpResponse<byte[]> answer = sending(alice, site);

            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(new String(answer.body(), StandardCharsets.UTF_8))
                    .contains("\"member\":\"site\"", "one of [blog, closed]");
        }
    }

    @Test
    void callerIsToldTheSitesThatAdmitIt() {
        assertThat(json(alice.get("/api/images/wordpress/sites")).path("sites").toString())
                .isEqualTo("[\"blog\",\"closed\"]");
    }

    @Test
    void siteGetsTheFileAndTheCallerItsPlace() {
        HttpResponse<byte[]> answer = sending(alice, "blog");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(json(answer).required("id").longValue()).isEqualTo(WordPressStub.ID);
        assertThat(json(answer).required("sourceUrl").stringValue()).isEqualTo("https://blog.example/a.png");
        assertThat(blog.names()).contains("a-lighthouse.png");
        assertThat(blog.files().getLast()).isEqualTo(alice.get(image + "/file").body());
    }

    @Test
    void whatTheSiteSaysReachesTheCaller() {
        HttpResponse<byte[]> answer = sending(alice, "closed");

        assertThat(answer.statusCode()).isEqualTo(502);
        JsonNode problem = json(answer);
        assertThat(problem.path("code").asString()).isEqualTo("upstream_failed");
        assertThat(problem.path("detail").asString()).contains("Sorry, you may not upload files.");
    }

    @Test
    void unknownSiteIsRefusedAndTheKnownOnesAreNamed() {
        HttpResponse<byte[]> answer = sending(alice, "elsewhere");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(json(answer).path("detail").asString())
                .isEqualTo("site: elsewhere (expected: one of [blog, closed])");
    }

    @Test
    void anotherUsersImageIsNotSent() {
        int before = blog.files().size();
        GalleryClient bob = GalleryClient.signIn(gateway::uri, "bob", List.of("user"), List.of());

        assertThat(sending(bob, "blog").statusCode()).isEqualTo(404);
        assertThat(blog.files()).hasSize(before);
    }
}
