package dev.sluice.gateway.outbound.alert;

import dev.sluice.gateway.contract.Alerts;
import io.sentry.ISentryClient;
import io.sentry.SentryClient;
import io.sentry.SentryEvent;
import io.sentry.SentryLevel;
import io.sentry.SentryOptions;
import io.sentry.protocol.Message;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warnings for the log, and for Sentry where there is one. A warning is put into a bounded queue that one thread of
 * Sentry's empties; when it is full, it is lost there and stays in the log.
 *
 * <p>The client is one of its own, not Sentry's global one: nothing is hooked into the JVM, no session is tracked, and
 * an event holds nothing but the message, its key and the release.
 */
final class SentryAlerts implements Alerts, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SentryAlerts.class);
    private static final int MOST_KEYS = 1000;
    private static final int NETWORK_MILLIS = 5000;

    private final AlertThrottle keys;
    private final String release;
    private final @Nullable ISentryClient sentry;

    /** @param release the gateway's version, as events carry it */
    SentryAlerts(AlertProperties properties, String release, Clock clock) {
        this.keys = new AlertThrottle(clock, properties.repeatAfter(), MOST_KEYS);
        this.release = release;
        this.sentry = properties.sentryDsn().isEmpty() ? null : new SentryClient(options(properties));
    }

    @Override
    public void warn(String key, String message) {
        if (!keys.maySpeak(key)) {
            return;
        }
        LOG.warn("alert {}: {}", key, message);
        if (sentry != null) {
            send(sentry, key, message);
        }
    }

    /** Whoever warns is in the middle of something, and that goes on whatever becomes of the warning. */
    @SuppressWarnings("IllegalCatch")
    private void send(ISentryClient sentry, String key, String message) {
        try {
            sentry.captureEvent(event(key, message));
        } catch (RuntimeException failed) {
            LOG.warn("alert {} did not reach Sentry: {}", key, failed.getClass().getName());
        }
    }

    private SentryEvent event(String key, String message) {
        Message text = new Message();
        text.setFormatted(message);
        SentryEvent event = new SentryEvent();
        event.setLevel(SentryLevel.WARNING);
        event.setLogger("sluice");
        event.setPlatform("java");
        event.setRelease(release);
        event.setMessage(text);
        event.setTag("alert", key);
        event.setFingerprints(List.of(key));
        return event;
    }

    private static SentryOptions options(AlertProperties properties) {
        SentryOptions options = new SentryOptions();
        // They would add host name, threads, and the text of every exception.
        options.getIntegrations().clear();
        options.getEventProcessors().clear();
        options.setDsn(properties.sentryDsn());
        options.setEnableExternalConfiguration(false);
        options.setAttachServerName(false);
        options.setSendModules(false);
        options.setSendClientReports(false);
        options.setEnableAutoSessionTracking(false);
        options.setEnableShutdownHook(false);
        options.setEnableUncaughtExceptionHandler(false);
        options.setMaxQueueSize(properties.queue());
        options.setConnectionTimeoutMillis(NETWORK_MILLIS);
        options.setReadTimeoutMillis(NETWORK_MILLIS);
        options.setShutdownTimeoutMillis(properties.closeTimeout().toMillis());
        options.setFlushTimeoutMillis(0);
        return options;
    }

    /** Waits for events on their way, no longer than {@code sluice.alerts.close-timeout}. */
    @Override
    public void close() {
        if (sentry != null) {
            sentry.close();
        }
    }
}
