package dev.sluice.gateway.outbound.database;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;

/**
 * A file of this process alone.
 *
 * @param directory absolute
 */
record H2Address(Path directory) implements DatabaseAddress {
    private static final String USER = "sluice";
    /**
     * Both drivers must name the same. WRITE_DELAY: a commit is in the file when it is answered, so that a killed
     * process has lost none. DB_CLOSE_*: the file stays open until it is told to close, last of all.
     */
    private static final String SETTINGS = "MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;"
            + "WRITE_DELAY=0;DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE";

    @Override
    public ConnectionFactoryOptions reactive(DatabaseProperties properties) {
        long millis = properties.statementTimeout().toMillis();
        return ConnectionFactoryOptions.builder()
                .option(ConnectionFactoryOptions.DRIVER, "h2")
                .option(ConnectionFactoryOptions.PROTOCOL, "file")
                .option(ConnectionFactoryOptions.DATABASE, file())
                .option(ConnectionFactoryOptions.USER, USER)
                .option(ConnectionFactoryOptions.PASSWORD, "")
                .option(Option.valueOf("options"), SETTINGS + ";LOCK_TIMEOUT=" + millis + ";QUERY_TIMEOUT=" + millis)
                .build();
    }

    @Override
    public String jdbcUrl() {
        return "jdbc:h2:file:" + file() + ";" + SETTINGS;
    }

    @Override
    public Properties jdbcProperties(DatabaseProperties properties) {
        Properties given = new Properties();
        given.setProperty("user", USER);
        given.setProperty("password", "");
        return given;
    }

    @Override
    public Map<String, String> placeholders() {
        return Map.of("bytewise", "");
    }

    @Override
    public String advice() {
        return "sluice.database.directory: it must be writable, and no other process may use it; several gateways"
                + " need PostgreSQL (DATABASE_URL)";
    }

    @Override
    public String toString() {
        return "H2 in " + directory;
    }

    private String file() {
        return directory.resolve("sluice").toString();
    }
}
