package dev.sluice.gateway.outbound.database;

import io.r2dbc.pool.PoolMetrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;

/** A migrated database, for tests of those who use it from other packages. */
public final class OpenDatabase implements AutoCloseable {
    private final DatabasePool pool;
    private final Database database;

    /** Migrates before it opens. */
    public OpenDatabase(Location location) {
        location.migrate();
        pool = DatabasePool.start(location.properties);
        database = new Database(pool, location.properties);
    }

    /** Where a database is, and within which limits it is used. */
    public static final class Location {
        private final DatabaseProperties properties;

        /** As {@link DatabaseProperties}. */
        public Location(
                String url,
                Path directory,
                int poolSize,
                Duration acquireTimeout,
                Duration statementTimeout,
                Duration connectTimeout) {
            properties =
                    new DatabaseProperties(url, directory, poolSize, acquireTimeout, statementTimeout, connectTimeout);
        }

        /** Brings the schema up to date. */
        public void migrate() {
            new Migrations(properties).run();
        }

        /** For JDBC. */
        public String jdbcUrl() {
            return properties.address().jdbcUrl();
        }

        /** User and password, for JDBC. */
        public Properties jdbcProperties() {
            return properties.address().jdbcProperties(properties.connectTimeout());
        }

        /** Of the migrations. */
        public Map<String, String> placeholders() {
            return properties.address().placeholders();
        }
    }

    /** What repositories are made of. */
    public Database database() {
        return database;
    }

    /** What the pool tells of itself. */
    public PoolMetrics metrics() {
        return pool.metrics().orElseThrow();
    }

    @Override
    public void close() {
        pool.close();
    }
}
