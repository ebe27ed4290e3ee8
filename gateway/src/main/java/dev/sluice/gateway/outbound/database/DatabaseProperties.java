package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.SettingCheck;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import java.nio.file.Path;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.database.*}.
 *
 * @param url {@code postgresql://user:password@host:port/database}; empty means an H2 file of this process alone
 * @param directory where the H2 file is
 * @param poolSize most connections, 1 to 100
 * @param acquireTimeout how long a change or question waits for a connection, 10 ms to 1 min
 * @param statementTimeout time for one statement, 100 ms to 5 min; a whole transaction has two seconds more
 * @param connectTimeout time for a new connection, its handshake included, 50 ms to 1 min; several servers share it
 */
@ConfigurationProperties("sluice.database")
record DatabaseProperties(
        @DefaultValue("") String url,
        @DefaultValue("sluice-data/db") Path directory,
        @DefaultValue("10") int poolSize,
        @DefaultValue("5s") Duration acquireTimeout,
        @DefaultValue("10s") Duration statementTimeout,
        @DefaultValue("5s") Duration connectTimeout) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.database.");

    DatabaseProperties {
        if (!url.isBlank()) {
            PostgresUrl.parse(url);
        }
        if (directory.toString().isBlank() || directory.toString().contains(";")) {
            throw CHECK.bad("directory", directory, "the name of a directory, without a semicolon");
        }
        CHECK.between("pool-size", poolSize, 1, 100);
        CHECK.between("acquire-timeout", acquireTimeout, Duration.ofMillis(10), Duration.ofMinutes(1));
        CHECK.between("statement-timeout", statementTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("connect-timeout", connectTimeout, Duration.ofMillis(50), Duration.ofMinutes(1));
    }

    /** Where the database is. */
    DatabaseAddress address() {
        return url.isBlank() ? new DatabaseAddress.H2(directory.toAbsolutePath().normalize()) : PostgresUrl.parse(url);
    }

    /** Opens connections for the gateway's work. */
    ConnectionFactory connections() {
        return address() instanceof DatabaseAddress.Postgres several
                ? new FailoverConnectionFactory(several, statementTimeout, connectTimeout)
                : ConnectionFactories.get(address().reactive(statementTimeout, connectTimeout));
    }

    /** How long that takes at most. */
    Duration longestConnect() {
        return FailoverConnectionFactory.longest(address(), connectTimeout);
    }

    /** Without what may hold a password. */
    @Override
    public String toString() {
        return "DatabaseProperties[" + address() + ", poolSize=" + poolSize + ", acquireTimeout=" + acquireTimeout
                + ", statementTimeout=" + statementTimeout + ", connectTimeout=" + connectTimeout + "]";
    }
}
