package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The main jobs in another browser: a ZIP, signing in, uploading, looking at pictures. */
@ExtendWith(WebApp.Extension.class)
@EnabledIf(value = "isThere", disabledReason = "no Firefox here (expected: /usr/bin/firefox-esr)")
class FirefoxTest {
    @TempDir
    private Path files;

    static boolean isThere() {
        return Firefox.program().isPresent();
    }

    private static Firefox firefox() {
        return Firefox.start(Firefox.program().orElseThrow());
    }

    private static void clickText(Firefox firefox, String text) {
        firefox.until("[...document.querySelectorAll('button')].some((one) => one.textContent === "
                + Firefox.quoted(text) + " && !one.disabled)");
        firefox.evaluate("[...document.querySelectorAll('button')].find((one) => one.textContent === "
                + Firefox.quoted(text) + ").id = 'wanted'");
        firefox.click("#wanted");
        firefox.evaluate("document.getElementById('wanted')?.removeAttribute('id')");
    }

    @Test
    void aStrangerSeesPicturesAndTakesThemAsAZip(WebApp app) throws IOException {
        try (Firefox firefox = firefox()) {
            firefox.open(app.root());
            clickText(firefox, "Sample pictures");
            firefox.until(".share-image img.is-loaded", 6);
            clickText(firefox, "Download ZIP");
            firefox.see("Saved to Downloads");

            try (ZipFile zip = new ZipFile(firefox.downloaded("images.zip").toFile())) {
                assertThat(zip.stream().filter(entry -> entry.getName().startsWith("picture-")))
                        .hasSize(6);
            }
        }
    }

    @Test
    void someoneSignsInUploadsAndLooksAtPictures(WebApp app) throws IOException {
        Path one = files.resolve("harbour.jpg");
        Path other = files.resolve("lock.jpg");
        try (Visit visit = app.visit().as("felix", "user")) {
            Files.write(one, visit.sample(0));
            Files.write(other, visit.sample(3));
        }
        try (Firefox firefox = firefox()) {
            firefox.open(app.root() + "upload");
            firefox.see("Sign in");
            firefox.type("main input", "frieda");
            firefox.press("Enter");
            firefox.until("document.querySelector('input[type=file]') !== null");
            firefox.choose("input[type=file]", List.of(one, other));
            clickText(firefox, "Upload 2");
            firefox.until(".entry-done", 2);

            firefox.open(app.root() + "gallery");
            firefox.until(".tile .picture img.is-loaded", 2);
            firefox.click(".tile-open");
            firefox.until(".viewer .picture img.is-loaded", 1);
            String first = firefox.evaluate("location.pathname").path("value").asString("");
            assertThat(first).contains("/gallery/");
            firefox.press("ArrowRight");
            firefox.until("location.pathname !== " + Firefox.quoted(first));
            firefox.until(".viewer .picture img.is-loaded", 1);
            firefox.press("Escape");
            firefox.until("location.pathname.endsWith('/gallery')");
            firefox.until("document.querySelector('.viewer[open]') === null");
        }
    }
}
