package dev.sluice.gateway.outbound.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.sluice.gateway.contract.Alerts;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.MovableClock;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.SentryStub;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;

@ExtendWith(OutputCaptureExtension.class)
class SentryAlertsTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private final SentryStub sentry = SentryStub.start();
    private final MovableClock clock = new MovableClock();

    @AfterEach
    void stop() {
        sentry.close();
    }

    @Test
    void warningArrivesWithItsMessageAndKeyAndNothingOfTheMachine() {
        try (SentryAlerts alerts = alerts(sentry.dsn())) {
            alerts.warn("budget_exceeded:ai-hour", "5000 calls this hour");

            Await.until(SOON, "an event", () -> sentry.events().size() == 1);
        }

        JsonNode event = sentry.events().getFirst();
        assertThat(event.path("level").asString()).isEqualTo("warning");
        assertThat(event.path("message").path("formatted").asString()).isEqualTo("5000 calls this hour");
        assertThat(event.path("tags").path("alert").asString()).isEqualTo("budget_exceeded:ai-hour");
        assertThat(event.path("fingerprint").path(0).asString()).isEqualTo("budget_exceeded:ai-hour");
        assertThat(event.path("release").asString()).isEqualTo("sluice@test");
        assertThat(event.propertyNames())
                .doesNotContain("server_name", "user", "threads", "exception", "breadcrumbs", "modules", "request");
        assertThat(sentry.authorizations()).singleElement().asString().contains("sentry_key=0123456789abcdef");
    }

    @Test
    void burstOfAThousandIsOneEvent(CapturedOutput output) {
        try (SentryAlerts alerts = alerts(sentry.dsn())) {
            IntStream.range(0, 1000).parallel().forEach(nth -> alerts.warn("burst", "message " + nth));
            alerts.warn("after", "the last of all");

            Await.until(SOON, "the last event", () -> sentry.tags().contains("after"));
        }

        assertThat(sentry.tags()).containsExactly("burst", "after");
        assertThat(output.getOut().lines().filter(line -> line.contains("alert burst:")))
                .hasSize(1);
    }

    @Test
    void sameKeySpeaksAgainAfterAnHourAndNotBefore() {
        try (SentryAlerts alerts = alerts(sentry.dsn())) {
            alerts.warn("key", "first");
            clock.move(Duration.ofMinutes(59));
            alerts.warn("key", "too early");
            clock.move(Duration.ofMinutes(1));
            alerts.warn("key", "again");

            Await.until(SOON, "two events", () -> sentry.events().size() == 2);
        }

        assertThat(sentry.events())
                .extracting(event -> event.path("message").path("formatted").asString())
                .containsExactly("first", "again");
    }

    @Test
    void stoppingGatewaySendsWhatIsOnItsWay() {
        SentryAlerts alerts = alerts(sentry.dsn());
        alerts.warn("last", "words");

        alerts.close();

        assertThat(sentry.tags()).containsExactly("last");
    }

    @Test
    void silentSentryHoldsUpNeitherTheCallerNorTheEnd() {
        try (HostileOrigin silent = HostileOrigin.start()) {
            silent.on("/api/42/envelope/", Behaviours.silent());
            String dsn = silent.url("/42").replace("://", "://key@");

            assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
                try (SentryAlerts alerts = alerts(dsn, Duration.ofMillis(200))) {
                    IntStream.range(0, 1000).forEach(nth -> alerts.warn("key " + nth, "message"));
                }
            });
            assertThat(silent.requests()).hasSizeLessThanOrEqualTo(1);
        }
    }

    @Test
    void withoutADsnWarningsGoToTheLog(CapturedOutput output) {
        try (SentryAlerts alerts = alerts("")) {
            alerts.warn("key", "something is wrong");
            alerts.warn("key", "something is wrong");
        }

        assertThat(output.getOut().lines().filter(line -> line.contains("alert key: something is wrong")))
                .hasSize(1);
        assertThat(sentry.events()).isEmpty();
    }

    @Test
    void gatewayRaisesThemWhereItIsTold() {
        try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.alerts.sentry-dsn", sentry.dsn()))) {
            gateway.bean(Alerts.class).warn("whole", "gateway");
        }

        assertThat(sentry.tags()).containsExactly("whole");
    }

    @Test
    void keysAreForgottenWhenThereAreTooManyTheOldestFirst() {
        AlertThrottle keys = new AlertThrottle(clock, Duration.ofHours(1), 2);
        assertThat(keys.maySpeak("a")).isTrue();
        assertThat(keys.maySpeak("b")).isTrue();
        assertThat(keys.maySpeak("c")).isTrue();

        assertThat(keys.maySpeak("c")).isFalse();
        assertThat(keys.maySpeak("b")).isFalse();
        assertThat(keys.maySpeak("a")).isTrue();
    }

    private SentryAlerts alerts(String dsn) {
        return alerts(dsn, Duration.ofSeconds(5));
    }

    private SentryAlerts alerts(String dsn, Duration closeTimeout) {
        return new SentryAlerts(new AlertProperties(dsn, Duration.ofHours(1), 30, closeTimeout), "sluice@test", clock);
    }
}
