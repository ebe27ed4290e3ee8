package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.outbound.database.image.Images;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.Uploads;
import dev.sluice.gateway.outbound.persistence.ExpiredIntentSweep;
import dev.sluice.gateway.outbound.persistence.ImageFiles;
import dev.sluice.gateway.outbound.persistence.ObjectWrites;
import dev.sluice.gateway.outbound.persistence.StorageProblems;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.PresignedUploads;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailStorage;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.buffer.NettyDataBufferFactory;

/** Images that callers send themselves: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(UploadsProperties.class)
public class UploadsFeature {
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
            Pictures pictures,
            ThumbnailStorage thumbnails,
            ObjectProvider<Clock> clocks) {
        return StorageProblems.mapErrors(new UploadRoutes(
                new UploadIntents(uploads, stores.getIfAvailable(() -> tickets), properties, clock(clocks)),
                new UploadCompletion(
                        uploads,
                        images,
                        store,
                        new ImageFiles(
                                store,
                                new ObjectWrites(store, intents, properties.completeTimeout()),
                                clock(clocks),
                                new NettyDataBufferFactory(ByteBufAllocator.DEFAULT)),
                        pictures,
                        thumbnails,
                        properties.completeTimeout(),
                        clock(clocks)),
                properties,
                new UploadTypes(pictures.acceptedTypes())));
    }

    @Bean
    FeatureRoutes ticketRoutes(
            UploadTickets tickets, Uploads uploads, ObjectStore store, UploadsProperties properties) {
        return StorageProblems.mapErrors(new TicketRoutes(tickets, uploads, store, properties));
    }

    @Bean(initMethod = "start", destroyMethod = "close")
    UploadSweep uploadSweep(
            UploadsProperties properties,
            ObjectStore store,
            ObjectIntents intents,
            Uploads uploads,
            MeterRegistry meters) {
        return new UploadSweep(new ExpiredIntentSweep(intents, store), uploads, properties.sweepPeriod(), meters);
    }

    private static Clock clock(ObjectProvider<Clock> clocks) {
        return clocks.getIfAvailable(Clock::systemUTC);
    }
}
