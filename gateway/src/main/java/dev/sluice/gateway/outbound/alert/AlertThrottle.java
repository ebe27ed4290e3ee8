package dev.sluice.gateway.outbound.alert;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which keys spoke of late. Remembers a bounded number of them; when there are more, the one that is quiet longest is
 * forgotten and may speak early. Any thread.
 */
final class AlertThrottle {
    private final Clock clock;
    private final Duration quiet;

    /** In the order in which they spoke: a key that speaks again is put at the end. */
    private final Map<String, Instant> spoke;

    AlertThrottle(Clock clock, Duration quiet, int most) {
        this.clock = clock;
        this.quiet = quiet;
        this.spoke = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
                return size() > most;
            }
        };
    }

    /** Whether {@code key} may speak now; if so, it has. */
    boolean maySpeak(String key) {
        Instant now = clock.instant();
        synchronized (spoke) {
            Instant last = spoke.get(key);
            if (last != null && now.isBefore(last.plus(quiet))) {
                return false;
            }
            spoke.remove(key);
            spoke.put(key, now);
            return true;
        }
    }
}
