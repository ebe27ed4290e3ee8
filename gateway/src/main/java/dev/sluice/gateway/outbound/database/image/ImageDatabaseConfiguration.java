package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.Database;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The repositories, one a table. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StorageQuota.class)
public class ImageDatabaseConfiguration {

    @Bean
    Images images(Database database) {
        return new Images(database, Clock.systemUTC());
    }

    @Bean
    Thumbnails thumbnails(Database database, ObjectProvider<Clock> clocks) {
        return new Thumbnails(database, clocks.getIfAvailable(Clock::systemUTC));
    }

    @Bean
    GenerationJobs generationJobs(Database database, StorageQuota quota) {
        return new GenerationJobs(database, quota, Clock.systemUTC());
    }

    @Bean
    GenerationQueue generationQueue(Database database) {
        return new GenerationQueue(database);
    }

    @Bean
    ImageDeletion imageDeletion(Database database) {
        return new ImageDeletion(database, Clock.systemUTC());
    }

    @Bean
    ImageUsages imageUsages(Database database, StorageQuota quota) {
        return new ImageUsages(database, quota, Clock.systemUTC());
    }

    @Bean
    ObjectIntents objectIntents(Database database, StorageQuota quota, ObjectProvider<Clock> clocks) {
        return new ObjectIntents(database, quota, clocks.getIfAvailable(Clock::systemUTC));
    }

    @Bean
    ObjectReferences objectReferences(Database database) {
        return new ObjectReferences(database, Clock.systemUTC());
    }

    @Bean
    Uploads uploads(Database database, StorageQuota quota, ObjectProvider<Clock> clocks) {
        return new Uploads(database, quota, clocks.getIfAvailable(Clock::systemUTC));
    }

    @Bean
    OwnerStorage ownerStorage(Database database, StorageQuota quota) {
        return new OwnerStorage(database, quota);
    }
}
