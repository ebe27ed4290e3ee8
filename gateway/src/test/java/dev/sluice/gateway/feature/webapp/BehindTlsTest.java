package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.options.FilePayload;
import dev.sluice.gateway.testing.Certificate;
import dev.sluice.gateway.testing.ReverseProxy;
import dev.sluice.gateway.testing.ReverseProxy.Kind;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** The pages over TLS, behind each proxy whose configuration {@code docker/proxies} shows. */
@ExtendWith(WebApp.Extension.class)
class BehindTlsTest {
    private static final Certificate CERTIFICATE = Certificate.forNames("localhost");

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NGINX_AS_IT_COMES")
    void aVisitorSignsInUploadsAndSignsOut(Kind kind, WebApp app) {
        try (ReverseProxy proxy = ReverseProxy.start(kind, app.gateway(), CERTIFICATE, directory);
                Visit visit = app.visit(proxy.url() + "/").to("#/upload")) {
            visit.field("Name").fill("tessa-" + kind);
            visit.button("Sign in").click();
            assertThat(visit.page().locator("main h1")).hasText("Upload");
            assertThat(visit.context().cookies())
                    .filteredOn(cookie -> cookie.name.equals("sluice_session"))
                    .singleElement()
                    .satisfies(cookie -> assertThat(cookie.secure).isTrue());

            visit.all("input[type=file]").setInputFiles(new FilePayload("a.jpg", "image/jpeg", visit.sample(0)));
            visit.button("Upload 1").click();
            assertThat(visit.all(".entry-done")).hasCount(1);

            visit.button("Sign out").click();
            visit.page().getByText("Sign in").first().waitFor();
            assertThat(visit.context().cookies()).noneMatch(cookie -> cookie.name.equals("sluice_session"));
        }
    }
}
