package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.DecodePurpose;
import dev.sluice.gateway.outbound.picture.decode.DecoderQueue;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.decode.inprocess.InProcessDecoder;
import dev.sluice.gateway.outbound.picture.decode.vips.VipsDecoder;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Decoding of image files: one decoder, one queue and one budget for all who decode any. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(PictureProperties.class)
public class PictureConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(PictureConfiguration.class);

    /** Where decoders block. */
    @Bean(destroyMethod = "dispose")
    Scheduler decoderThreads(PictureProperties properties) {
        return Schedulers.newBoundedElastic(properties.decoders(), properties.decoders(), "decoder");
    }

    @Bean
    PictureDecoder pictureDecoder(PictureProperties properties) {
        PictureDecoder decoder = decoder(properties);
        LOG.info(
                "Pictures are decoded by {}: {}",
                decoder.name(),
                String.join(", ", decoder.mediaTypes().stream().sorted().toList()));
        return decoder;
    }

    private static PictureDecoder decoder(PictureProperties properties) {
        if (properties.decoder() != PictureProperties.Choice.IN_PROCESS) {
            try {
                return vips(properties);
            } catch (IOException none) {
                if (properties.decoder() == PictureProperties.Choice.VIPS) {
                    throw new IllegalStateException(
                            "sluice.pictures.vips: " + properties.vips() + " (expected: libvips' program; "
                                    + none.getMessage() + ")",
                            none);
                }
                LOG.info("There is no libvips here ({}): {}", properties.vips(), none.getMessage());
            }
        }
        return new InProcessDecoder(properties.timeout());
    }

    private static VipsDecoder vips(PictureProperties properties) throws IOException {
        Path samples = Files.createTempDirectory("sluice-vips");
        try {
            VipsDecoder vips = VipsDecoder.start(
                    new VipsDecoder.Settings(properties.vips(), properties.timeout(), properties.cpuTime()), samples);
            String reason = vips.reachesNetwork();
            if (reason != null) {
                LOG.warn("Decoders of pictures can reach the network: {}", reason);
            }
            return vips;
        } finally {
            WorkDirectory.delete(samples);
        }
    }

    @Bean
    DecoderQueue decoderQueue(
            PictureDecoder decoder,
            PictureProperties properties,
            @Qualifier("decoderThreads") Scheduler threads,
            MeterRegistry meters) {
        DecoderQueue queue = new DecoderQueue(
                decoder,
                new DecoderQueue.Bounds(
                        properties.decoders(),
                        properties.memory().toBytes(),
                        properties.largestPicture().toBytes(),
                        properties.queue(),
                        properties.queueTimeout()),
                threads,
                Schedulers.parallel());
        Gauge.builder("sluice.pictures.decoding", queue, DecoderQueue::running)
                .description("Files being decoded")
                .register(meters);
        Gauge.builder("sluice.pictures.memory.free", queue, DecoderQueue::freeMemory)
                .description("Bytes of the memory for decoding that are not promised to a decoder")
                .baseUnit("bytes")
                .register(meters);
        for (DecodePurpose purpose : DecodePurpose.values()) {
            Gauge.builder("sluice.pictures.queued", queue, each -> each.queued(purpose))
                    .tag("work", purpose.name().toLowerCase(Locale.ROOT))
                    .description("Files that wait to be decoded")
                    .register(meters);
        }
        return queue;
    }

    @Bean
    WorkFiles workFiles(PictureProperties properties) {
        WorkFiles files = new WorkFiles(properties.workDirectory(), Schedulers.boundedElastic());
        files.sweep();
        return files;
    }

    @Bean
    Pictures pictures(PictureProperties properties, WorkFiles files, DecoderQueue decoders, MeterRegistry meters) {
        DiskBudget disk = new DiskBudget(
                properties.diskBudget().toBytes(),
                properties.diskBudgetPerOwner().toBytes());
        Gauge.builder("sluice.pictures.disk.reserved", disk, DiskBudget::reserved)
                .description("Bytes of disk that files being taken in may take")
                .baseUnit("bytes")
                .register(meters);
        return new Pictures(files, disk, decoders, properties.maxPixels(), Schedulers.boundedElastic());
    }

    @Bean
    PictureHealth picturesHealthIndicator(PictureDecoder decoder) {
        return new PictureHealth(decoder);
    }
}
