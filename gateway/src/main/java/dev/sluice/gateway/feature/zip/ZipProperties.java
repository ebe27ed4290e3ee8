package dev.sluice.gateway.feature.zip;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.outbound.imagecache.RemoteImages;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Bounds of the archive feature.
 *
 * @param maxImages most images one request may name
 * @param maxImageSize largest image, in bytes; a larger one is left out
 * @param imageTimeout time for one image's whole download, redirects and retries included
 * @param concurrency images of one request that are on their way at once, held in memory or being sent
 * @param maxBody largest request body; 20 of the longest URLs fit into the default
 * @param bufferBudget memory for images of all requests together; a quarter of the direct memory limit if unset
 * @param spoolBudget disk for images of all requests together, when memory is short
 * @param spoolDirectory where images wait on disk; their files are deleted whether the archive succeeds or not; unset
 *     means {@code sluice-spool} in the temporary directory
 * @param spoolAfter how often an image that waits for memory looks whether others give some back. It goes to disk when
 *     that would not serve it within 20 times as long
 * @param queueTimeout how long a request waits for memory or disk before its first byte
 * @param longestSilence how long a client waits for the next byte at most: then the images that keep it waiting are
 *     given up, before a proxy on the way gives up for it
 * @param archiveTimeout time for one whole archive, however slowly its client reads
 * @param slowestReader an archive whose images are on disk and that is read at fewer bytes a second is cut off while
 *     images of others wait for room there; 0 turns this off. At 32 KB a second a client reads 118 MB in an hour
 * @param readerWindow time over which the pace of {@code slowestReader} is measured
 * @param reuse how fresh an image of the store has to be; {@code off} fetches each anew
 * @param confirmTimeout how long the first byte waits until the origins of images that are all stored have confirmed
 *     them
 * @param linkTtl how long a link can be used
 * @param linkStore memory for all requests that are kept behind links, as an estimate
 */
@ConfigurationProperties("sluice.zip")
record ZipProperties(
        @DefaultValue("20") int maxImages,
        @DefaultValue("5MB") DataSize maxImageSize,
        @DefaultValue("30s") Duration imageTimeout,
        @DefaultValue("3") int concurrency,
        @DefaultValue("256KB") DataSize maxBody,
        @Nullable DataSize bufferBudget,
        @DefaultValue("1GB") DataSize spoolBudget,
        @Nullable Path spoolDirectory,
        @DefaultValue("250ms") Duration spoolAfter,
        @DefaultValue("10s") Duration queueTimeout,
        @DefaultValue("40s") Duration longestSilence,
        @DefaultValue("1h") Duration archiveTimeout,
        @DefaultValue("32KB") DataSize slowestReader,
        @DefaultValue("15s") Duration readerWindow,
        @DefaultValue("revalidate") RemoteImages.Freshness reuse,
        @DefaultValue("5s") Duration confirmTimeout,
        @DefaultValue("10m") Duration linkTtl,
        @DefaultValue("16MB") DataSize linkStore) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.zip.");

    ZipProperties {
        bufferBudget = bufferBudget == null ? quarterOfDirectMemory() : bufferBudget;
        spoolDirectory =
                spoolDirectory == null ? Path.of(System.getProperty("java.io.tmpdir"), "sluice-spool") : spoolDirectory;
        CHECK.between("max-images", maxImages, 1, 100);
        CHECK.between("max-image-size", maxImageSize, DataSize.ofBytes(1), DataSize.ofMegabytes(100));
        CHECK.between("image-timeout", imageTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("concurrency", concurrency, 1, 20);
        CHECK.between("max-body", maxBody, DataSize.ofKilobytes(1), DataSize.ofMegabytes(1));
        CHECK.between("buffer-budget", bufferBudget, maxImageSize, DataSize.ofTerabytes(1));
        CHECK.between("spool-budget", spoolBudget, maxImageSize, DataSize.ofTerabytes(1));
        CHECK.between("spool-after", spoolAfter, Duration.ZERO, Duration.ofMinutes(1));
        CHECK.between("queue-timeout", queueTimeout, Duration.ofMillis(10), Duration.ofMinutes(5));
        CHECK.between("longest-silence", longestSilence, Duration.ofMillis(100), Duration.ofHours(1));
        CHECK.between("archive-timeout", archiveTimeout, Duration.ofSeconds(1), Duration.ofDays(1));
        CHECK.between("slowest-reader", slowestReader, DataSize.ofBytes(0), DataSize.ofMegabytes(10));
        CHECK.between("reader-window", readerWindow, Duration.ofMillis(100), Duration.ofMinutes(10));
        CHECK.between("confirm-timeout", confirmTimeout, Duration.ofMillis(10), Duration.ofMinutes(5));
        CHECK.between("link-ttl", linkTtl, Duration.ofSeconds(1), Duration.ofDays(1));
        CHECK.between("link-store", linkStore, maxBody, DataSize.ofGigabytes(1));
    }

    /** Never null: the default was put in its place. */
    @Override
    public DataSize bufferBudget() {
        return Objects.requireNonNull(bufferBudget);
    }

    /** Never null: the default was put in its place. */
    @Override
    public Path spoolDirectory() {
        return Objects.requireNonNull(spoolDirectory);
    }

    private static DataSize quarterOfDirectMemory() {
        var diagnostics = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        long limit =
                Long.parseLong(diagnostics.getVMOption("MaxDirectMemorySize").getValue());
        // 0 means "not set", and then the limit is that of the heap.
        return DataSize.ofBytes((limit > 0 ? limit : Runtime.getRuntime().maxMemory()) / 4);
    }
}
