package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.outbound.custody.ExpiredIntents;
import dev.sluice.gateway.outbound.custody.Outages;
import dev.sluice.gateway.outbound.database.Images;
import dev.sluice.gateway.outbound.database.ObjectIntents;
import dev.sluice.gateway.outbound.database.Uploads;
import dev.sluice.gateway.outbound.picture.PictureCheck;
import dev.sluice.gateway.outbound.picture.PictureIntake;
import dev.sluice.gateway.outbound.picture.WorkFiles;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.PresignedUploads;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Images that callers send themselves: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(UploadsProperties.class)
public class UploadsFeature {
    private static final int MOST_QUEUED = 1_000;

    /** Few, because a decoder may take much memory. */
    @Bean(destroyMethod = "dispose")
    Scheduler uploadChecks(UploadsProperties properties) {
        return Schedulers.newBoundedElastic(properties.checks(), MOST_QUEUED, "upload-check");
    }

    @Bean
    UploadTickets uploadTickets(SigningSecret secret, ObjectProvider<Clock> clocks) {
        return new UploadTickets(secret.keyFor("upload"), clock(clocks));
    }

    /** The store's own uploads, or else those that the gateway takes itself. */
    @Bean
    FeatureRoutes uploadRoutes(
            UploadsProperties properties,
            Uploads uploads,
            Images images,
            ObjectIntents intents,
            ObjectStore store,
            @Qualifier("presignedUploads") ObjectProvider<PresignedUploads> stores,
            UploadTickets tickets,
            @Qualifier("uploadChecks") Scheduler checks,
            ObjectProvider<Clock> clocks) {
        WorkFiles files = new WorkFiles(properties.workDirectory(), Schedulers.boundedElastic());
        files.sweep();
        PictureIntake pictures = new PictureIntake(files, new PictureCheck(properties.maxPixels(), checks));
        return Outages.told(new UploadRoutes(
                new UploadIntents(uploads, stores.getIfAvailable(() -> tickets), properties, clock(clocks)),
                new UploadCompletion(
                        uploads, images, intents, store, pictures, properties.completeTimeout(), clock(clocks)),
                properties));
    }

    @Bean
    FeatureRoutes ticketRoutes(UploadTickets tickets, ObjectStore store, UploadsProperties properties) {
        return Outages.told(new TicketRoutes(tickets, store, properties));
    }

    @Bean(initMethod = "start", destroyMethod = "close")
    UploadSweep uploadSweep(
            UploadsProperties properties,
            ObjectStore store,
            ObjectIntents intents,
            Uploads uploads,
            MeterRegistry meters) {
        return new UploadSweep(new ExpiredIntents(intents, store), uploads, properties.sweepPeriod(), meters);
    }

    private static Clock clock(ObjectProvider<Clock> clocks) {
        return clocks.getIfAvailable(Clock::systemUTC);
    }
}
