package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.RecentHealth;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The database, its schema up to date before anything uses it. A gateway that cannot reach its database at start does
 * not start, and says why in one sentence; one that loses it later goes on and finds it again.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({DatabaseProperties.class, StorageQuota.class})
public class DatabaseConfiguration {

    /** Migrates before it opens. */
    @Bean(destroyMethod = "close")
    Engine databaseEngine(DatabaseProperties properties) {
        new Migrations(properties).run();
        return Engine.start(properties);
    }

    @Bean
    Database database(Engine engine, DatabaseProperties properties) {
        return new Database(engine, properties);
    }

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

    @Bean
    ReactiveHealthIndicator databaseHealthIndicator(Database database) {
        return new RecentHealth(new DatabaseHealth(database));
    }

    @Bean
    PoolMeters databasePoolMeters(Engine engine) {
        return new PoolMeters(engine);
    }
}
