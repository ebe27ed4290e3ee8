package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.spool.PrivateDirectory;
import java.io.IOException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    private static final int H2_IN_USE = 90020;

    private final DatabaseAddress address;
    private final Duration connectTimeout;
    private final DatabaseStartupCheck check;

    Migrations(DatabaseProperties properties) {
        this.address = properties.address();
        this.connectTimeout = properties.connectTimeout();
        this.check = new DatabaseStartupCheck(properties);
    }

    /** Fails with one sentence about what an operator can do. */
    void run() {
        DatabaseAddress server;
        try {
            if (address instanceof DatabaseAddress.H2(var directory)) {
                PrivateDirectory.make(directory);
            }
            // A connection of its own, so that an unreachable database is not mistaken for a broken migration.
            server = open();
        } catch (IOException | SQLException unavailable) {
            if (address instanceof DatabaseAddress.H2(var directory) && isInUse(unavailable)) {
                throw new CannotStartException(
                        "Another process has the database in " + directory + ": Sluice already runs with it.",
                        "Use that one or stop it. One more beside it, with data of its own, is started in another"
                                + " directory and on another port (SERVER_PORT=8090); several gateways with the same"
                                + " images share a PostgreSQL (DATABASE_URL).",
                        unavailable);
            }
            throw new CannotStartException(
                    "No database: " + address + " cannot be opened: " + unavailable.getMessage(),
                    "Check " + address.advice() + ".",
                    unavailable);
        }
        // Before anything is changed through a pooler that cannot be worked with.
        check.run();
        Properties given = server.jdbcProperties(connectTimeout);
        Map<String, String> others = new TreeMap<>();
        given.stringPropertyNames().forEach(name -> others.put(name, given.getProperty(name)));
        try {
            int done = Flyway.configure()
                    .dataSource(server.jdbcUrl(), given.getProperty("user"), given.getProperty("password"))
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

    private static boolean isInUse(Throwable failure) {
        Throwable cause = failure;
        while (cause != null) {
            if (cause instanceof SQLException refused && refused.getErrorCode() == H2_IN_USE) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    /**
     * The first server that can be worked with. Each has its part of the time at first, and then all of it: one that is
     * silent hides no other.
     */
    private DatabaseAddress open() throws SQLException {
        List<? extends DatabaseAddress> servers = address.servers();
        if (servers.size() > 1) {
            try {
                return open(servers, connectTimeout.dividedBy(servers.size()));
            } catch (SQLException _) {
                // Said by the second round, if it fails too.
            }
        }
        return open(servers, connectTimeout);
    }

    private static DatabaseAddress open(List<? extends DatabaseAddress> servers, Duration time) throws SQLException {
        List<String> refusals = new ArrayList<>();
        SQLException last = null;
        for (DatabaseAddress server : servers) {
            try {
                DriverManager.getConnection(server.jdbcUrl(), server.jdbcProperties(time))
                        .close();
                return server;
            } catch (SQLException refused) {
                refusals.add(refused.getMessage());
                last = refused;
            }
        }
        throw new SQLException(String.join("; ", refusals), last);
    }
}
