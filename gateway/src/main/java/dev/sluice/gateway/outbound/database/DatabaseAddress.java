package dev.sluice.gateway.outbound.database;

import static io.r2dbc.spi.ConnectionFactoryOptions.CONNECT_TIMEOUT;
import static io.r2dbc.spi.ConnectionFactoryOptions.DATABASE;
import static io.r2dbc.spi.ConnectionFactoryOptions.DRIVER;
import static io.r2dbc.spi.ConnectionFactoryOptions.HOST;
import static io.r2dbc.spi.ConnectionFactoryOptions.PASSWORD;
import static io.r2dbc.spi.ConnectionFactoryOptions.PORT;
import static io.r2dbc.spi.ConnectionFactoryOptions.USER;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** Where the database is, for the driver that serves and for the one that migrates. Prints without the password. */
sealed interface DatabaseAddress {

    /** Each server by itself, in the order of the URL. */
    List<? extends DatabaseAddress> servers();

    /** For the reactive driver, of the first server. */
    ConnectionFactoryOptions reactive(Duration statementTimeout, Duration connectTimeout);

    /** For the migration's driver, which blocks. */
    String jdbcUrl();

    /** User, password and timeouts of that driver. */
    Properties jdbcProperties(Duration connectTimeout);

    /** What the migrations leave open between the two dialects. */
    Map<String, String> placeholders();

    /** What an operator should look at when the database cannot be opened. */
    String advice();

    /** Whether many share the server, perhaps through a pooler, whose refusals are to be known at start. */
    boolean isServer();

    /**
     * A file of this process alone.
     *
     * @param directory absolute
     */
    record H2(Path directory) implements DatabaseAddress {
        private static final String USER = "sluice";
        /**
         * Both drivers must name the same. WRITE_DELAY: a commit is in the file when it is answered, so that a killed
         * process has lost none. DB_CLOSE_*: the file stays open until it is told to close, last of all.
         */
        private static final String SETTINGS = "MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;"
                + "WRITE_DELAY=0;DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE";

        @Override
        public List<H2> servers() {
            return List.of(this);
        }

        @Override
        public ConnectionFactoryOptions reactive(Duration statementTimeout, Duration connectTimeout) {
            long millis = statementTimeout.toMillis();
            return ConnectionFactoryOptions.builder()
                    .option(ConnectionFactoryOptions.DRIVER, "h2")
                    .option(ConnectionFactoryOptions.PROTOCOL, "file")
                    .option(ConnectionFactoryOptions.DATABASE, file())
                    .option(ConnectionFactoryOptions.USER, USER)
                    .option(ConnectionFactoryOptions.PASSWORD, "")
                    .option(
                            Option.valueOf("options"),
                            SETTINGS + ";LOCK_TIMEOUT=" + millis + ";QUERY_TIMEOUT=" + millis)
                    .build();
        }

        @Override
        public String jdbcUrl() {
            return "jdbc:h2:file:" + file() + ";" + SETTINGS;
        }

        @Override
        public Properties jdbcProperties(Duration connectTimeout) {
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
            return "sluice.database.directory: it must be writable for this user, and no other process may use it; several gateways"
                    + " need PostgreSQL (DATABASE_URL)";
        }

        @Override
        public boolean isServer() {
            return false;
        }

        @Override
        public String toString() {
            return "H2 in " + directory;
        }

        private String file() {
            return directory.resolve("sluice").toString();
        }
    }

    /**
     * A PostgreSQL server, or several of which one at a time takes changes.
     *
     * @param hosts each as {@code host:port}, at least one
     * @param parameters of the URL's query, as {@link PostgresUrl} reads them
     */
    record Postgres(List<String> hosts, String database, String user, String password, Map<String, String> parameters)
            implements DatabaseAddress {
        /** The parameter that says which of several servers is wanted. */
        static final String TARGET = "targetServerType";

        static final String PRIMARY = "primary";
        static final String ANY = "any";
        /** Migrations may wait for those of another gateway. */
        private static final int MIGRATION_SOCKET_SECONDS = 300;

        public Postgres {
            hosts = List.copyOf(hosts);
            parameters = Map.copyOf(parameters);
        }

        @Override
        public List<Postgres> servers() {
            return hosts.stream()
                    .map(host -> new Postgres(List.of(host), database, user, password, withTarget()))
                    .toList();
        }

        @Override
        public ConnectionFactoryOptions reactive(Duration statementTimeout, Duration connectTimeout) {
            int colon = hosts.getFirst().lastIndexOf(':');
            String host = withoutBrackets(hosts.getFirst().substring(0, colon));
            String millis = Long.toString(statementTimeout.toMillis());
            ConnectionFactoryOptions.Builder options = ConnectionFactoryOptions.builder()
                    .option(DRIVER, "postgresql")
                    .option(HOST, host)
                    .option(PORT, Integer.parseInt(hosts.getFirst().substring(colon + 1)))
                    .option(DATABASE, database)
                    .option(USER, user)
                    .option(PASSWORD, password)
                    .option(CONNECT_TIMEOUT, connectTimeout)
                    .option(Option.valueOf("applicationName"), "sluice")
                    .option(Option.valueOf("tcpKeepAlive"), true)
                    .option(
                            Option.valueOf("options"),
                            Map.of("statement_timeout", millis, "idle_in_transaction_session_timeout", millis));
            PostgresTls.of(parameters).configure(options, host);
            return options.build();
        }

        @Override
        public String jdbcUrl() {
            return "jdbc:postgresql://" + String.join(",", hosts) + "/"
                    + URLEncoder.encode(database, StandardCharsets.UTF_8).replace("+", "%20");
        }

        @Override
        public Properties jdbcProperties(Duration connectTimeout) {
            Properties given = new Properties();
            given.setProperty("user", user);
            given.setProperty("password", password);
            String seconds = Long.toString(Math.max(1, connectTimeout.toSeconds()));
            given.setProperty("connectTimeout", seconds);
            given.setProperty("loginTimeout", seconds);
            given.setProperty("socketTimeout", Integer.toString(MIGRATION_SOCKET_SECONDS));
            given.setProperty("ApplicationName", "sluice-migration");
            given.setProperty(TARGET, target());
            PostgresTls.of(parameters).configure(given);
            return given;
        }

        @Override
        public Map<String, String> placeholders() {
            return Map.of("bytewise", "COLLATE \"C\"");
        }

        @Override
        public String advice() {
            return "sluice.database.url (DATABASE_URL): it must be reachable, and the user may create tables there";
        }

        @Override
        public boolean isServer() {
            return true;
        }

        @Override
        public String toString() {
            return "PostgreSQL at " + String.join(",", hosts) + "/" + database;
        }

        /** Whether only a server that takes changes will do; of several, that is the default. */
        boolean isPrimaryWanted() {
            return target().equals(PRIMARY);
        }

        private String target() {
            return parameters.getOrDefault(TARGET, hosts.size() > 1 ? PRIMARY : ANY);
        }

        private Map<String, String> withTarget() {
            Map<String, String> all = new TreeMap<>(parameters);
            all.put(TARGET, target());
            return all;
        }

        private static String withoutBrackets(String host) {
            return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        }
    }
}
