package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.contract.SettingCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.pictures.*}: how image files are decoded, for all who decode any.
 *
 * @param decoder what decodes them
 * @param vips the {@code vips} program of libvips: a name to look for in the path, or a file
 * @param decoders files decoded at a time
 * @param memory memory for all decoding together: heap, native memory and other processes
 * @param largestPicture memory that decoding one file may take; one that needs more than {@code memory} runs alone
 * @param maxPixels most pixels of one picture, width times height
 * @param timeout how long decoding one file may take
 * @param cpuTime how much processor time decoding one file may take
 * @param queue files that may wait, of each kind of work
 * @param queueTimeout how long a file waits for its turn
 * @param diskBudget disk for all files that are being taken in, with what is made of them
 * @param diskBudgetPerOwner disk for such files of one owner
 * @param workDirectory where files are while they are decoded; unset means {@code sluice-pictures} in the temporary
 *     directory. Gateways that see each other's processes may share it
 */
@ConfigurationProperties("sluice.pictures")
record PictureProperties(
        @DefaultValue("auto") Choice decoder,
        @DefaultValue("vips") String vips,
        @DefaultValue("2") int decoders,
        @DefaultValue("200MB") DataSize memory,
        @DefaultValue("400MB") DataSize largestPicture,
        @DefaultValue("50000000") long maxPixels,
        @DefaultValue("20s") Duration timeout,
        @DefaultValue("20s") Duration cpuTime,
        @DefaultValue("100") int queue,
        @DefaultValue("10s") Duration queueTimeout,
        @DefaultValue("1GB") DataSize diskBudget,
        @DefaultValue("200MB") DataSize diskBudgetPerOwner,
        @Nullable Path workDirectory) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.pictures.");
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** What decodes. */
    enum Choice {
        /** libvips where it is installed, else this process. */
        AUTO,
        /** libvips' programs, in processes of their own; the gateway does not start without them. */
        VIPS,
        /** This process. */
        IN_PROCESS
    }

    PictureProperties {
        workDirectory = workDirectory == null
                ? Path.of(System.getProperty("java.io.tmpdir"), "sluice-pictures")
                : workDirectory;
        if (vips.isBlank()) {
            throw CHECK.bad("vips", "none", "a program's name or path");
        }
        CHECK.between("decoders", decoders, 1, 64);
        CHECK.between("memory", memory, DataSize.ofMegabytes(32), DataSize.ofTerabytes(1));
        CHECK.between("largest-picture", largestPicture, memory, DataSize.ofTerabytes(1));
        CHECK.between("max-pixels", maxPixels, 1L, 1_000_000_000L);
        CHECK.between("timeout", timeout, SECOND, Duration.ofMinutes(10));
        CHECK.between("cpu-time", cpuTime, SECOND, Duration.ofMinutes(10));
        CHECK.between("queue", queue, 1, 100_000);
        CHECK.between("queue-timeout", queueTimeout, SECOND, Duration.ofMinutes(10));
        CHECK.between("disk-budget", diskBudget, DataSize.ofMegabytes(32), DataSize.ofTerabytes(1));
        CHECK.between("disk-budget-per-owner", diskBudgetPerOwner, DataSize.ofMegabytes(8), diskBudget);
    }

    /** Never null: the default was put in its place. */
    @Override
    public Path workDirectory() {
        return Objects.requireNonNull(workDirectory);
    }
}
