package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.FilePayload;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Files that really go to the gateway, from the page into the gallery. */
@ExtendWith(WebApp.Extension.class)
class UploadRoundTripTest {

    @Test
    void picturesThatAreUploadedAreInTheGallery(WebApp app) {
        try (Visit visit = app.visit().as("uli", "user").to("#/upload")) {
            visit.page().setInputFiles("input[type=file]", new FilePayload[] {
                new FilePayload("lock gate.jpg", "image/jpeg", visit.sample(0)),
                new FilePayload("two.jpg", "image/jpeg", visit.sample(3))
            });
            visit.button("Upload 2").click();
            assertThat(visit.all(".entry-done")).hasCount(2);
            // Asked again when they are there.
            assertThat(visit.all(".storage:not([data-used='0'])")).containsText("of 5.0 GB taken");

            visit.page().getByText("Open the gallery").click();
            assertThat(visit.all(".tile")).hasCount(2);
            assertThat(visit.button("lock gate")).hasCount(1);
            assertThat(visit.all(".picture img.is-loaded")).hasCount(2);
        }
    }

    @Test
    void aLieAboutTheSizeIsRefusedInTheGatewaysWords(WebApp app) {
        try (Visit visit = app.visit().as("ulla", "user").to("#/upload")) {
            byte[] picture = visit.sample(0);
            visit.page()
                    .route(
                            "**/submit-intent",
                            route -> route.resume(new Route.ResumeOptions()
                                    .setPostData(route.request()
                                            .postData()
                                            .replace(
                                                    "\"fileSize\":" + picture.length,
                                                    "\"fileSize\":" + (picture.length + 1)))));
            visit.page().setInputFiles("input[type=file]", new FilePayload("lie.jpg", "image/jpeg", picture));
            visit.button("Upload 1").click();

            assertThat(visit.all(".entry-note-bad"))
                    .containsText(Pattern.compile("content-length.*" + picture.length, Pattern.CASE_INSENSITIVE));
            assertThat(visit.button("Retry")).isVisible();
        }
    }

    @Test
    void whatIsNoPictureIsToldWhenItIsChecked(WebApp app) {
        try (Visit visit = app.visit().as("ugo", "user").to("#/upload")) {
            visit.page()
                    .setInputFiles(
                            "input[type=file]",
                            new FilePayload("page.png", "image/png", "<html></html>".getBytes(StandardCharsets.UTF_8)));
            visit.button("Upload 1").click();

            // The same file would be refused again.
            assertThat(visit.all(".entry")).hasAttribute("data-state", "refused");
            assertThat(visit.button("Retry")).hasCount(0);
            assertThat(visit.all(".entry-note-bad")).containsText("That file is not a picture that can be kept.");
            assertThat(visit.all(".toast")).hasCount(0);
        }
    }
}
