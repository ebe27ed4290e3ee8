package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.LocatorAssertions.HasCountOptions;
import com.microsoft.playwright.options.FilePayload;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Many files at once: few requests, limits that are waited out, one click for all that failed. */
@ExtendWith(WebApp.Extension.class)
class UploadQueueTest {
    private static final int MANY = 200;
    private static final double LONG_MILLIS = 240_000;
    private static final byte[] DOT = Base64.getDecoder()
            .decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==");

    @Test
    void thirtyPhotographsArriveAtALimitWithoutAnotherClick(WebApp app) {
        // Twenty requests at once, then three in two seconds: less than the busiest machine asks for, so that of the
        // sixty most have to wait.
        Map<String, String> settings = Map.of(
                "sluice.limits.enabled", "true",
                "sluice.limits.definitions.uploads.units", "90",
                "sluice.limits.definitions.uploads.burst", "20");
        try (RunningGateway gateway = RunningGateway.start(settings);
                Visit visit = app.visitWithoutMotion(gateway.uri("/").toString())
                        .as("una", "user")
                        .to("#/upload")) {
            List<Integer> intents = new CopyOnWriteArrayList<>();
            AtomicInteger refused = new AtomicInteger();
            visit.page().onResponse(response -> {
                if (response.url().endsWith("/submit-intent")) {
                    intents.add(response.status());
                }
                refused.addAndGet(response.status() == 429 ? 1 : 0);
            });
            visit.page().setInputFiles("input[type=file]", dots(30));
            visit.button("Upload 30").click();

            visit.see("continues in");
            assertThat(visit.all(".entry-done")).hasCount(30, new HasCountOptions().setTimeout(LONG_MILLIS));
            assertThat(visit.all(".entry-failed")).hasCount(0);
            assertThat(intents).as("requests that announce them").containsExactly(200, 200);
            assertThat(refused.get()).as("refusals on the way").isPositive();
        }
    }

    @Test
    void twoHundredPhotographsAreTenAnnouncementsWhateverIsRefusedOnTheWay(WebApp app) {
        try (Visit visit = app.visitWithoutMotion().as("ube-q", "user").to("#/upload")) {
            AtomicInteger intents = new AtomicInteger();
            AtomicInteger puts = new AtomicInteger();
            visit.page().route("**/submit-intent", route -> {
                intents.incrementAndGet();
                announce(route);
            });
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            visit.page().route("**/api/uploads/t-*", route -> {
                boolean isRefused = puts.incrementAndGet() % 70 == 0;
                route.fulfill(isRefused ? refusal() : json("{}"));
            });
            visit.page().setInputFiles("input[type=file]", dots(MANY));
            visit.button("Upload " + MANY).click();

            assertThat(visit.all(".entry-done")).hasCount(MANY, new HasCountOptions().setTimeout(LONG_MILLIS));
            assertThat(intents).hasValue(MANY / 20);
            assertThat(puts).hasValue(MANY + 2);
        }
    }

    @Test
    void aRefusalIsWaitedOutAndToldAndNoMoreThanThreeAreUnderWay(WebApp app) {
        try (Visit visit = app.visitWithoutMotion().as("ulf-q", "user").to("#/upload")) {
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            List<Route> puts = new CopyOnWriteArrayList<>();
            visit.page().route("**/api/uploads/t-*", puts::add);
            visit.page().setInputFiles("input[type=file]", dots(5));
            visit.button("Upload 5").click();
            visit.page().waitForCondition(() -> puts.size() == 3);

            puts.getFirst()
                    .fulfill(json("""
                    {"code":"rate_limited","detail":"limit uploads: used up (expected: to wait 4 s)"}""")
                            .setStatus(429)
                            // As long as a busy machine may take to look.
                            .setHeaders(Map.of("Retry-After", "4", "Content-Type", "application/problem+json")));
            visit.see("continues in");
            assertThat(visit.all(".entry[data-state=failed]")).hasCount(0);
            // The same file once more, in its turn.
            visit.page().waitForCondition(() -> puts.size() == 4);
            assertThat(puts.get(3).request().url())
                    .isEqualTo(puts.getFirst().request().url());
            for (int next = 1; next < 6; next++) {
                int wanted = next;
                visit.page().waitForCondition(() -> puts.size() > wanted);
                puts.get(next).fulfill(json("{}"));
            }
            assertThat(visit.all(".entry-done")).hasCount(5);
        }
    }

    @Test
    void whatFailedIsTriedAgainAllWithOneClick(WebApp app) {
        try (Visit visit = app.visitWithoutMotion().as("uta-q", "user").to("#/upload")) {
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            visit.page()
                    .route(
                            "**/api/uploads/t-*",
                            route -> route.fulfill(json("{\"detail\":\"No.\"}").setStatus(400)));
            visit.page().setInputFiles("input[type=file]", dots(4));
            visit.button("Upload 4").click();
            assertThat(visit.all(".entry-failed")).hasCount(4);

            visit.page().unroute("**/api/uploads/t-*");
            visit.page().route("**/api/uploads/t-*", route -> route.fulfill(json("{}")));
            visit.button("Retry all 4").click();
            assertThat(visit.all(".entry-done")).hasCount(4);
        }
    }

    @Test
    void aQueueIsPausedAndGoesOn(WebApp app) {
        try (Visit visit = app.visitWithoutMotion().as("ugo-q", "user").to("#/upload")) {
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            List<Route> puts = new CopyOnWriteArrayList<>();
            visit.page().route("**/api/uploads/t-*", puts::add);
            visit.page().setInputFiles("input[type=file]", dots(6));
            visit.button("Upload 6").click();
            visit.page().waitForCondition(() -> puts.size() == 3);
            visit.button("Pause").click();
            puts.forEach(put -> put.fulfill(json("{}")));
            assertThat(visit.all(".entry-done")).hasCount(3);
            visit.see("Paused.");
            assertThat(puts).hasSize(3);

            visit.button("Go on").click();
            visit.page().waitForCondition(() -> puts.size() == 6);
            puts.subList(3, 6).forEach(put -> put.fulfill(json("{}")));
            assertThat(visit.all(".entry-done")).hasCount(6);
        }
    }

    @Test
    void uploadsUnderWayAreFoundAgainAfterAReloadAndGoOn(WebApp app) {
        try (Visit visit = app.visitWithoutMotion().as("uri-q", "user").to("#/upload")) {
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            visit.page().route("**/api/uploads/t-*", route -> {}); // never answered
            visit.page().setInputFiles("input[type=file]", dots(4));
            visit.button("Upload 4").click();
            assertThat(visit.all(".entry-sending")).hasCount(3);
            visit.page().unroute("**/api/uploads/t-*");
            visit.page().route("**/api/uploads/t-*", route -> route.fulfill(json("{}")));
            awaitKept(visit, 4, "one.file && one.waits");

            List<String> asked = visit.asksBeforeLeaving();
            visit.page().reload();
            assertThat(asked).contains("beforeunload");
            assertThat(visit.all(".entry-done")).hasCount(4);
            Locator first = visit.all(".entry").first();
            assertThat(first).containsText("photo-0.png");
        }
    }

    @Test
    void whatWasCancelledStaysSoAfterAReload(WebApp app) {
        try (Visit visit = app.visit().as("ulla-q", "user").to("#/upload")) {
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            List<String> puts = new CopyOnWriteArrayList<>();
            visit.page()
                    .route(
                            "**/api/uploads/t-*",
                            route -> puts.add(route.request().url())); // never answered
            visit.page().setInputFiles("input[type=file]", dots(4));
            visit.button("Upload 4").click();
            visit.page().waitForCondition(() -> puts.size() == 3);
            visit.button("Cancel all").click();
            assertThat(visit.all(".entry-cancelled")).hasCount(4);
            awaitKept(visit, 4, "one.file && !one.waits");

            visit.page().reload();
            assertThat(visit.button("Upload 4")).isEnabled();
            assertThat(visit.all(".entry-ready")).hasCount(4);
            assertThat(puts).as("files sent after they were cancelled").hasSize(3);
        }
    }

    @Test
    void whatWasPausedStaysSoAfterAReload(WebApp app) {
        try (Visit visit = app.visit().as("ursa-q", "user").to("#/upload")) {
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            visit.page().route("**/api/uploads/t-*", route -> {}); // never answered
            visit.page().setInputFiles("input[type=file]", dots(4));
            visit.button("Upload 4").click();
            assertThat(visit.all(".entry-sending")).hasCount(3);
            visit.button("Pause").click();
            awaitKept(visit, 4, "one.file && one.waits");
            awaitKept(visit, 1, "one === true");
            visit.page().unroute("**/api/uploads/t-*");
            visit.page().route("**/api/uploads/t-*", route -> route.fulfill(json("{}")));
            visit.asksBeforeLeaving();

            visit.page().reload();
            visit.see("Paused.");
            assertThat(visit.all(".entry-waiting")).hasCount(4);
            visit.button("Go on").click();
            assertThat(visit.all(".entry-done")).hasCount(4);
        }
    }

    @Test
    void aFileThatIsGoneIsToldAtOnceAndHoldsNobodyUp(WebApp app, @TempDir Path directory) throws IOException {
        try (Visit visit = app.visit().as("ute-q", "user").to("#/upload")) {
            Path gone = Files.write(directory.resolve("gone.png"), DOT);
            Path here = Files.write(directory.resolve("here.png"), DOT);
            visit.page().setInputFiles("input[type=file]", new Path[] {gone, here});
            assertThat(visit.button("Upload 2")).isEnabled();
            Files.delete(gone);
            visit.button("Upload 2").click();

            visit.see("The file cannot be read.");
            assertThat(visit.all(".entry-done")).hasCount(1);
            assertThat(visit.page().getByText("The gateway cannot be reached")).hasCount(0);
        }
    }

    @Test
    void aGatewayThatIsAwayForAMinuteFailsNoUpload(WebApp app) {
        try (Visit visit = app.visit().as("ugur-q", "user")) {
            visit.page().clock().install();
            visit.to("#/upload");
            visit.page().route("**/submit-intent", UploadQueueTest::announce);
            visit.page().route("**/complete", route -> route.fulfill(json("{}")));
            AtomicInteger puts = new AtomicInteger();
            visit.page().route("**/api/uploads/t-*", route -> {
                puts.incrementAndGet();
                route.abort();
            });
            visit.page().setInputFiles("input[type=file]", dots(1));
            visit.button("Upload 1").click();
            // The pauses of the first nine tries are more than a minute.
            for (int tried = 1; tried < 9; tried++) {
                int wanted = tried;
                visit.page().waitForCondition(() -> puts.get() >= wanted);
                visit.see("continues in");
                visit.page().clock().runFor(15_000);
            }
            assertThat(visit.all(".entry-failed")).hasCount(0);
            visit.page().unroute("**/api/uploads/t-*");
            visit.page().route("**/api/uploads/t-*", route -> route.fulfill(json("{}")));
            visit.page().clock().runFor(15_000);

            assertThat(visit.all(".entry-done")).hasCount(1);
        }
    }

    /** A file takes a moment to be written, and a page that is left gives it none. */
    private static void awaitKept(Visit visit, int count, String which) {
        String isKept = """
                async () => {
                  const opening = indexedDB.open('sluice');
                  await new Promise((resolve) => { opening.onsuccess = resolve; });
                  const reading = opening.result.transaction('kept').objectStore('kept').getAll();
                  await new Promise((resolve) => { reading.onsuccess = resolve; });
                  opening.result.close();
                  return reading.result.filter((one) => %s).length === %d;
                }""".formatted(which, count);
        visit.page().waitForCondition(() -> Objects.equals(visit.evaluate(isKept), true));
    }

    /** Plays a gateway that takes every announcement. */
    static void announce(Route route) {
        var images = JsonMapper.shared().readTree(route.request().postData()).required("images");
        String urls = StreamSupport.stream(images.spliterator(), false)
                .map(image -> image.required("imageId").stringValue())
                .map(id -> "{\"imageId\":\"%s\",\"uploadUrl\":\"/api/uploads/t-%s\"}".formatted(id, id))
                .collect(Collectors.joining(","));
        route.fulfill(json("{\"listingId\":\"l1\",\"imageUploadUrls\":[" + urls + "]}"));
    }

    private static FilePayload[] dots(int count) {
        return IntStream.range(0, count)
                .mapToObj(index -> new FilePayload("photo-" + index + ".png", "image/png", DOT))
                .toArray(FilePayload[]::new);
    }

    private static Route.FulfillOptions refusal() {
        return json("""
                {"code":"rate_limited","detail":"limit uploads: used up (expected: to wait 1 s)"}""")
                .setStatus(429)
                .setHeaders(Map.of("Retry-After", "1", "Content-Type", "application/problem+json"));
    }

    private static Route.FulfillOptions json(String body) {
        return new Route.FulfillOptions().setContentType("application/json").setBody(body);
    }
}
