package dev.sluice.gateway.inbound.transport;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How long and how much a client's connection may hold, below HTTP.
 *
 * @param stalledAfter time after which a client that has bytes to read and takes none is cut off
 * @param slowestReader bytes a second below which a client is cut off too, over the time of {@code stalledAfter}; 0
 *     admits every pace
 * @param idleTimeout time after which a connection without a request is closed
 * @param readTimeout longest silence within a request
 * @param bodyTimeout time for a whole body of JSON
 * @param bodyMemory heap for all bodies of JSON that are on their way, of which one caller has a quarter; a sixteenth
 *     of the heap if unset
 * @param maxRequestLine longest first line of a request; by default, 500 ids fit into its query
 * @param maxHeaderSize most bytes of all header fields of a request together
 */
@ConfigurationProperties("sluice.inbound")
public record TransportProperties(
        @DefaultValue("30s") Duration stalledAfter,
        @DefaultValue("1KB") DataSize slowestReader,
        @DefaultValue("60s") Duration idleTimeout,
        @DefaultValue("30s") Duration readTimeout,
        @DefaultValue("30s") Duration bodyTimeout,
        @Nullable DataSize bodyMemory,
        @DefaultValue("19KB") DataSize maxRequestLine,
        @DefaultValue("16KB") DataSize maxHeaderSize) {

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final DataSize SMALLEST = DataSize.ofKilobytes(1);
    private static final int HEAP_SHARES = 16;
    private static final DataSize LARGEST = DataSize.ofMegabytes(1);

    /** Checks the bounds. */
    public TransportProperties {
        bodyMemory = bodyMemory == null ? DataSize.ofBytes(Runtime.getRuntime().maxMemory() / HEAP_SHARES) : bodyMemory;
        check("stalled-after", stalledAfter);
        check("idle-timeout", idleTimeout);
        check("read-timeout", readTimeout);
        check("body-timeout", bodyTimeout);
        if (slowestReader.isNegative() || slowestReader.toMegabytes() > 10) {
            throw new IllegalArgumentException(
                    "sluice.inbound.slowest-reader: " + slowestReader + " (expected: 0B to 10MB)");
        }
        if (bodyMemory.toMegabytes() < 1) {
            throw new IllegalArgumentException(
                    "sluice.inbound.body-memory: " + bodyMemory + " (expected: 1MB or more)");
        }
        check("max-request-line", maxRequestLine);
        check("max-header-size", maxHeaderSize);
    }

    /** Never null: the default was put in its place. */
    @Override
    public DataSize bodyMemory() {
        return Objects.requireNonNull(bodyMemory);
    }

    private static void check(String name, DataSize value) {
        if (value.toBytes() < SMALLEST.toBytes() || value.toBytes() > LARGEST.toBytes()) {
            throw new IllegalArgumentException("sluice.inbound." + name + ": " + value + " (expected: 1KB to 1MB)");
        }
    }

    private static void check(String name, Duration value) {
        if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("sluice.inbound." + name + ": " + value + " (expected: 100ms to 1h)");
        }
    }
}
