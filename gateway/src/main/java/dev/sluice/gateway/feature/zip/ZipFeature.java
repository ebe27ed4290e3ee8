package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.archive.ImageArchives;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.imagecache.RemoteImages;
import dev.sluice.gateway.outbound.link.LinkFactory;
import dev.sluice.gateway.outbound.link.Links;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.outbound.spool.Spool;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/** Many remote images as one streamed archive: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ZipProperties.class)
public class ZipFeature {
    private static final int DISK_THREADS = 8;
    private static final int MOST_QUEUED = 10_000;

    @Bean(destroyMethod = "dispose")
    Scheduler spoolThreads() {
        return Schedulers.newBoundedElastic(DISK_THREADS, MOST_QUEUED, "spool");
    }

    @Bean
    BufferBudget imageMemory(ZipProperties properties, MeterRegistry meters) {
        return metered("memory", properties.bufferBudget().toBytes(), meters);
    }

    @Bean
    BufferBudget imageDisk(ZipProperties properties, MeterRegistry meters) {
        return metered("disk", properties.spoolBudget().toBytes(), meters);
    }

    @Bean
    Spool imageSpool(ZipProperties properties) {
        Spool spool = new Spool(properties.spoolDirectory());
        spool.sweep();
        return spool;
    }

    @Bean
    ZipTools zipTools(
            ZipProperties properties,
            OriginFetch origins,
            RemoteImages remoteImages,
            @Qualifier("imageMemory") BufferBudget memory,
            @Qualifier("imageDisk") BufferBudget disk,
            @Qualifier("imageSpool") Spool spool,
            @Qualifier("spoolThreads") Scheduler spoolThreads,
            JsonMapper json,
            MeterRegistry meters) {
        SlowReaderEviction readers = new SlowReaderEviction(
                disk, properties.slowestReader(), properties.readerWindow(), Schedulers.parallel());
        ImageIntake intake =
                new ImageIntake(origins, properties, memory, disk, spool, spoolThreads, Schedulers.parallel());
        return new ZipTools(
                intake, remoteImages, properties, readers, new ArchiveMeters(meters), json, Schedulers.parallel());
    }

    /** For features that want an archive of images. */
    @Bean
    ImageArchives imageArchives(ZipTools tools) {
        return new ZipArchives(tools);
    }

    @Bean
    FeatureRoutes zipRoutes(
            ZipTools tools, ZipProperties properties, ObjectProvider<SharedRedis> redis, JsonMapper json) {
        Links.Bounds bounds = Links.Bounds.shared(
                properties.linkTtl(),
                properties.linkStore().toBytes(),
                properties.maxBody().toBytes());
        LinkedRequest.Format format = new LinkedRequest.Format(json);
        SharedRedis shared = redis.getIfAvailable();
        SharedProgress progress = shared == null
                ? null
                : new SharedProgress(shared, properties.linkTtl(), properties.archiveTimeout(), Schedulers.parallel());
        return new ZipRoutes(tools, LinkFactory.create("zip", format, bounds, shared, Clock.systemUTC()), progress);
    }

    private static BufferBudget metered(String kind, long bytes, MeterRegistry meters) {
        BufferBudget budget = new BufferBudget(bytes, MOST_QUEUED, Schedulers.parallel());
        Gauge.builder("sluice.zip.budget.free", budget, BufferBudget::available)
                .description("Bytes that images may still take")
                .baseUnit("bytes")
                .tag("kind", kind)
                .register(meters);
        Gauge.builder("sluice.zip.budget.queued", budget, BufferBudget::queued)
                .description("Images that wait for room")
                .tag("kind", kind)
                .register(meters);
        return budget;
    }
}
