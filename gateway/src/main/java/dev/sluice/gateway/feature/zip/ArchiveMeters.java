package dev.sluice.gateway.feature.zip;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Mono;

/** {@code sluice.zip.archives}: how archives were answered. */
final class ArchiveMeters {
    /** What was known of an archive when its answer began. */
    enum Kind {
        /** Every byte, since the store has all of its images: with its length, ranges of it too. */
        KNOWN,
        /** Its length, since all of its images were there. */
        COLLECTED,
        /** Its first image. */
        STREAMED
    }

    private final Map<Kind, Counter> archives = new EnumMap<>(Kind.class);

    ArchiveMeters(MeterRegistry meters) {
        for (Kind kind : Kind.values()) {
            archives.put(
                    kind,
                    Counter.builder("sluice.zip.archives")
                            .description("Archives of which bytes were answered, whole or in part")
                            .tag("kind", kind.name().toLowerCase(Locale.ROOT))
                            .register(meters));
        }
    }

    /** Counts the answer when its head goes out, if bytes of the archive follow: not a problem, nor a 304. */
    void count(Kind kind, ServerHttpResponse response) {
        response.beforeCommit(() -> Mono.fromRunnable(() -> {
            HttpStatusCode status = response.getStatusCode();
            if (status != null && status.is2xxSuccessful()) {
                Objects.requireNonNull(archives.get(kind)).increment();
            }
        }));
    }
}
