package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.persistence.ObjectWrites;
import dev.sluice.gateway.outbound.picture.Pictures;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.buffer.NettyDataBufferFactory;

/** Thumbnails of stored images, and the worker that makes missing ones. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ThumbnailProperties.class)
public class ThumbnailConfiguration {

    @Bean
    ThumbnailMeters thumbnailMeters(MeterRegistry meters) {
        return new ThumbnailMeters(meters);
    }

    @Bean
    ThumbnailStorage thumbnailStorage(
            ThumbnailProperties properties,
            ObjectStore store,
            ObjectIntents intents,
            Thumbnails rows,
            ThumbnailMeters meters,
            ObjectProvider<Clock> clocks) {
        return new ThumbnailStorage(
                store,
                new ObjectWrites(store, intents, properties.storeTimeout()),
                rows,
                meters,
                properties.intakeTimeout(),
                clocks.getIfAvailable(Clock::systemUTC),
                new NettyDataBufferFactory(ByteBufAllocator.DEFAULT));
    }

    @Bean
    ThumbnailWorker thumbnailWorker(
            ThumbnailProperties properties,
            ObjectStore store,
            Thumbnails rows,
            Pictures pictures,
            ThumbnailStorage storage,
            ThumbnailMeters meters,
            ObjectProvider<Clock> clocks) {
        ThumbnailTask task = new ThumbnailTask(
                store, rows, pictures, storage, meters, properties, clocks.getIfAvailable(Clock::systemUTC));
        return new ThumbnailWorker(task, rows, pictures, meters, properties);
    }
}
