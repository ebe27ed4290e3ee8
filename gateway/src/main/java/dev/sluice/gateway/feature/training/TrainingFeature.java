package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.contract.archive.ImageArchives;
import dev.sluice.gateway.contract.http.UserAgent;
import dev.sluice.gateway.outbound.ai.training.FalSettings;
import dev.sluice.gateway.outbound.ai.training.FalTrainer;
import dev.sluice.gateway.outbound.ai.training.LoraTrainer;
import dev.sluice.gateway.outbound.ai.training.LoraTrainers;
import dev.sluice.gateway.outbound.fetch.FetchTransport;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.spool.Spool;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.util.unit.DataSize;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/** Image models trained on a caller's pictures: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TrainingProperties.class)
public class TrainingFeature {
    private static final DataSize MAX_ANSWER = DataSize.ofMegabytes(1);
    private static final int CONNECTIONS = 32;
    private static final int NOBODY_WAITS = 0;
    private static final int PERMITS_PER_CALLER = 1;

    /** Closed with the application; the event loops are those of the web server. */
    @Bean
    FalTrainer fal(
            TrainingProperties properties,
            ReactorResourceFactory resources,
            OriginUrls urls,
            FetchTransport transport,
            ObjectProvider<BuildProperties> build,
            JsonMapper json) {
        FalSettings settings = new FalSettings(
                URI.create(properties.queueUrl()),
                URI.create(properties.storageUrl()),
                properties.apiKey(),
                properties.model(),
                properties.uploads(),
                new FalSettings.Archives(
                        properties.archive().expiry(),
                        properties.archive().largestPut(),
                        properties.archive().part()),
                UserAgent.of(build.getIfAvailable()),
                properties.connectTimeout(),
                properties.tryTimeout(),
                properties.uploadTimeout(),
                MAX_ANSWER,
                CONNECTIONS);
        return new FalTrainer(
                settings,
                resources.getLoopResources(),
                json,
                new FalTrainer.Guards(urls, transport),
                properties.retryPause(),
                Schedulers.parallel());
    }

    /** Trainings being set up. */
    @Bean
    BufferBudget trainingPermits(TrainingProperties properties) {
        return new BufferBudget(properties.concurrency(), NOBODY_WAITS, Schedulers.parallel());
    }

    /** Disk for their archives. */
    @Bean
    BufferBudget trainingDisk(TrainingProperties properties, ImageArchives archives, MeterRegistry meters) {
        long one = archives.mostBytes(properties.maxImages());
        if (properties.diskBudget().toBytes() < one) {
            throw TrainingProperties.CHECK.bad(
                    "disk-budget",
                    properties.diskBudget(),
                    "at least " + one + "B, for " + properties.maxImages() + " images");
        }
        BufferBudget disk = new BufferBudget(properties.diskBudget().toBytes(), NOBODY_WAITS, Schedulers.parallel());
        Gauge.builder("sluice.training.disk.free", disk, BufferBudget::available)
                .description("Bytes of disk that archives for trainings may still take")
                .baseUnit("bytes")
                .register(meters);
        return disk;
    }

    @Bean
    Spool trainingSpool(TrainingProperties properties) {
        Spool spool = new Spool(properties.spoolDirectory());
        spool.sweep();
        return spool;
    }

    @Bean
    FeatureRoutes trainingRoutes(
            TrainingProperties properties,
            FalTrainer fal,
            ImageArchives archives,
            @Qualifier("trainingPermits") BufferBudget permits,
            @Qualifier("trainingDisk") BufferBudget disk,
            @Qualifier("trainingSpool") Spool spool,
            SigningSecret secret,
            MeterRegistry meters) {
        LoraTrainer trainer = LoraTrainers.guarded(fal, properties.retryPause(), meters, Schedulers.parallel());
        TrainingSetup.Tools tools = new TrainingSetup.Tools(
                archives,
                trainer,
                new CallerShares(permits, PERMITS_PER_CALLER, Schedulers.parallel()),
                disk,
                spool,
                Schedulers.boundedElastic(),
                Schedulers.parallel());
        return new TrainingRoutes(
                new TrainingSetup(tools, properties), new TrainingIds(secret.keyFor("training")), properties);
    }
}
