package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.outbound.health.RecentHealth;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The database, its schema up to date before anything uses it. A gateway that cannot reach its database at start does
 * not start, and says why in one sentence; one that loses it later goes on and finds it again.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DatabaseProperties.class)
public class DatabaseConfiguration {

    /** Migrates before it opens. */
    @Bean(destroyMethod = "close")
    DatabasePool databaseEngine(DatabaseProperties properties) {
        new Migrations(properties).run();
        return DatabasePool.start(properties);
    }

    @Bean
    Database database(DatabasePool pool, DatabaseProperties properties) {
        return new Database(pool, properties);
    }

    @Bean
    ReactiveHealthIndicator databaseHealthIndicator(Database database) {
        return new RecentHealth(new DatabaseHealth(database));
    }

    @Bean
    PoolMeters databasePoolMeters(DatabasePool pool, Database database) {
        return new PoolMeters(pool, database);
    }
}
