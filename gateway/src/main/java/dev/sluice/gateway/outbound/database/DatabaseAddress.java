package dev.sluice.gateway.outbound.database;

import static io.r2dbc.spi.ConnectionFactoryOptions.CONNECT_TIMEOUT;
import static io.r2dbc.spi.ConnectionFactoryOptions.DATABASE;
import static io.r2dbc.spi.ConnectionFactoryOptions.DRIVER;
import static io.r2dbc.spi.ConnectionFactoryOptions.HOST;
import static io.r2dbc.spi.ConnectionFactoryOptions.PASSWORD;
import static io.r2dbc.spi.ConnectionFactoryOptions.PORT;
import static io.r2dbc.spi.ConnectionFactoryOptions.USER;

import dev.sluice.gateway.contract.SettingCheck;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/** Where the database is, for the driver that serves and for the one that migrates. Prints without the password. */
sealed interface DatabaseAddress {

    /** For the reactive driver. */
    ConnectionFactoryOptions reactive(Duration statementTimeout, Duration connectTimeout);

    /** For the migration's driver, which blocks. */
    String jdbcUrl();

    /** User, password and timeouts of that driver. */
    Properties jdbcProperties(Duration connectTimeout);

    /** What the migrations leave open between the two dialects. */
    Map<String, String> placeholders();

    /** What an operator should look at when the database cannot be opened. */
    String advice();

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

    /**
     * A PostgreSQL server.
     *
     * @param parameters of the URL's query; only names in {@link #PARAMETERS}
     */
    record Postgres(
            String host, int port, String database, String user, String password, Map<String, String> parameters)
            implements DatabaseAddress {
        private static final SettingCheck CHECK = new SettingCheck("sluice.database.");
        private static final int DEFAULT_PORT = 5432;
        private static final int HIGHEST_PORT = 65535;
        private static final Set<String> SCHEMES = Set.of("postgres", "postgresql");
        private static final String SSL_MODE = "sslmode";
        private static final String SSL_ROOT = "sslrootcert";
        private static final Set<String> PARAMETERS = Set.of(SSL_MODE, SSL_ROOT);
        private static final Set<String> SSL_MODES =
                Set.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");
        /** Migrations may wait for those of another gateway. */
        private static final int MIGRATION_SOCKET_SECONDS = 300;

        /** The parser's own message and cause would repeat the URL, so neither is kept. */
        @SuppressWarnings("UnusedException")
        static Postgres parse(String url) {
            String plain = url.strip();
            if (plain.startsWith("r2dbc:")) {
                plain = plain.substring("r2dbc:".length());
            }
            try {
                URI uri = new URI(plain).parseServerAuthority();
                String path = uri.getPath() == null ? "" : uri.getPath();
                String[] user = (uri.getRawUserInfo() == null ? "" : uri.getRawUserInfo()).split(":", 2);
                if (uri.getScheme() != null
                        && SCHEMES.contains(uri.getScheme())
                        && uri.getHost() != null
                        && path.length() > 1
                        && !path.substring(1).contains("/")
                        && !user[0].isEmpty()
                        && uri.getPort() != 0
                        && uri.getPort() <= HIGHEST_PORT
                        && uri.getFragment() == null) {
                    return new Postgres(
                            uri.getHost(),
                            uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(),
                            path.substring(1),
                            decode(user[0]),
                            user.length > 1 ? decode(user[1]) : "",
                            parameters(uri.getRawQuery() == null ? "" : uri.getRawQuery()));
                }
            } catch (URISyntaxException e) {
                // Said below.
            }
            throw bad("postgresql://user:password@host:port/database, each part percent-encoded, with ?sslmode= and"
                    + " &sslrootcert= where needed");
        }

        @Override
        public ConnectionFactoryOptions reactive(Duration statementTimeout, Duration connectTimeout) {
            String millis = Long.toString(statementTimeout.toMillis());
            ConnectionFactoryOptions.Builder options = ConnectionFactoryOptions.builder()
                    .option(DRIVER, "postgresql")
                    .option(HOST, withoutBrackets())
                    .option(PORT, port)
                    .option(DATABASE, database)
                    .option(USER, user)
                    .option(PASSWORD, password)
                    .option(CONNECT_TIMEOUT, connectTimeout)
                    .option(Option.valueOf("applicationName"), "sluice")
                    .option(Option.valueOf("tcpKeepAlive"), true)
                    .option(
                            Option.valueOf("options"),
                            Map.of("statement_timeout", millis, "idle_in_transaction_session_timeout", millis));
            if (parameters.containsKey(SSL_MODE)) {
                options.option(Option.valueOf("sslMode"), parameters.get(SSL_MODE));
            }
            if (parameters.containsKey(SSL_ROOT)) {
                options.option(Option.valueOf("sslRootCert"), parameters.get(SSL_ROOT));
            }
            return options.build();
        }

        @Override
        public String jdbcUrl() {
            return "jdbc:postgresql://" + host + ":" + port + "/"
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
            given.putAll(parameters);
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
        public String toString() {
            return "PostgreSQL at " + host + ":" + port + "/" + database;
        }

        private String withoutBrackets() {
            return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        }

        private static Map<String, String> parameters(String query) {
            Map<String, String> parameters = new TreeMap<>();
            for (String parameter : query.isEmpty() ? new String[0] : query.split("&", -1)) {
                String[] parts = parameter.split("=", 2);
                if (parts.length < 2 || !PARAMETERS.contains(parts[0])) {
                    throw bad("no parameters but sslmode and sslrootcert");
                }
                parameters.put(parts[0], decode(parts[1]));
            }
            if (!SSL_MODES.contains(parameters.getOrDefault(SSL_MODE, "prefer"))) {
                throw bad("an sslmode of disable, allow, prefer, require, verify-ca or verify-full");
            }
            return Map.copyOf(parameters);
        }

        /** Unlike in a form, a plus is a plus. */
        private static String decode(String text) {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        }

        private static IllegalArgumentException bad(String expected) {
            return CHECK.bad("url", "not shown, it may hold a password", expected);
        }
    }
}
