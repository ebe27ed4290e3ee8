package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.outbound.spool.PrivateDirectory;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the schema up to date, at start and on the thread that starts, before anything else uses the database. Several
 * gateways may do so at once: on PostgreSQL one of them works under an advisory lock and the others find it done.
 */
final class Migrations {
    private static final Logger log = LoggerFactory.getLogger(Migrations.class);

    private final DatabaseProperties properties;
    private final DatabaseAddress address;

    Migrations(DatabaseProperties properties) {
        this.properties = properties;
        this.address = properties.address();
    }

    /** Fails with one sentence about what an operator can do. */
    void run() {
        try {
            if (address instanceof H2Address(var directory)) {
                PrivateDirectory.make(directory);
            }
            // Asked for by itself, so that a database that is away is not told from a broken migration by its words.
            open().close();
        } catch (IOException | SQLException unavailable) {
            throw new IllegalStateException(
                    "No database: " + address + " cannot be opened: " + unavailable.getMessage() + " (check "
                            + address.advice() + ")",
                    unavailable);
        }
        Properties given = address.jdbcProperties(properties);
        Map<String, String> others = new TreeMap<>();
        given.stringPropertyNames().forEach(name -> others.put(name, given.getProperty(name)));
        try {
            int done = Flyway.configure()
                    .dataSource(address.jdbcUrl(), given.getProperty("user"), given.getProperty("password"))
                    .jdbcProperties(others)
                    .locations("classpath:db/migration")
                    .failOnMissingLocations(true)
                    .validateMigrationNaming(true)
                    .placeholders(address.placeholders())
                    .load()
                    .migrate()
                    .migrationsExecuted;
            log.info("{}: {} migrations applied", address, done);
        } catch (FlywayException failed) {
            throw new IllegalStateException(
                    "The database " + address + " could not be migrated: " + failed.getMessage(), failed);
        }
    }

    private Connection open() throws SQLException {
        return DriverManager.getConnection(address.jdbcUrl(), address.jdbcProperties(properties));
    }
}
