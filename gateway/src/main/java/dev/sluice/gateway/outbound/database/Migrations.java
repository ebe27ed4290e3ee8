package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.spool.PrivateDirectory;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
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

    private final DatabaseAddress address;
    private final Duration connectTimeout;
    private final FirstConnections first;

    Migrations(DatabaseProperties properties) {
        this.address = properties.address();
        this.connectTimeout = properties.connectTimeout();
        this.first = new FirstConnections(properties);
    }

    /** Fails with one sentence about what an operator can do. */
    void run() {
        try {
            if (address instanceof DatabaseAddress.H2(var directory)) {
                PrivateDirectory.make(directory);
            }
            // A connection of its own, so that an unreachable database is not mistaken for a broken migration.
            open().close();
        } catch (IOException | SQLException unavailable) {
            throw new CannotStartException(
                    "No database: " + address + " cannot be opened: " + unavailable.getMessage(),
                    "Check " + address.advice() + ".",
                    unavailable);
        }
        // Before anything is changed through a pooler that cannot be worked with.
        first.check();
        Properties given = address.jdbcProperties(connectTimeout);
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
            throw new CannotStartException(
                    "The database " + address + " could not be migrated: " + failed.getMessage(),
                    "Let the user create tables there, and nobody but this program change them.",
                    failed);
        }
    }

    private Connection open() throws SQLException {
        return DriverManager.getConnection(address.jdbcUrl(), address.jdbcProperties(connectTimeout));
    }
}
