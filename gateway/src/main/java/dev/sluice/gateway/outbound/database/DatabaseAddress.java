package dev.sluice.gateway.outbound.database;

import static io.r2dbc.spi.ConnectionFactoryOptions.CONNECT_TIMEOUT;
import static io.r2dbc.spi.ConnectionFactoryOptions.DATABASE;
import static io.r2dbc.spi.ConnectionFactoryOptions.DRIVER;
import static io.r2dbc.spi.ConnectionFactoryOptions.HOST;
import static io.r2dbc.spi.ConnectionFactoryOptions.PASSWORD;
import static io.r2dbc.spi.ConnectionFactoryOptions.PORT;
import static io.r2dbc.spi.ConnectionFactoryOptions.PROTOCOL;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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
     * @param parameters of the URL's query; only names in {@link #PARAMETERS}
     */
    record Postgres(List<String> hosts, String database, String user, String password, Map<String, String> parameters)
            implements DatabaseAddress {
        private static final SettingCheck CHECK = new SettingCheck("sluice.database.");
        private static final int DEFAULT_PORT = 5432;
        private static final int HIGHEST_PORT = 65535;
        private static final Pattern URL = Pattern.compile(
                "(?:r2dbc:)?postgres(?:ql)?://(?<user>[^:@/?#]+)(?::(?<password>[^@/?#]*))?@(?<hosts>[^@/?#]+)"
                        + "/(?<database>[^/?#]+)(?:\\?(?<query>[^#]*))?");
        private static final String SSL_MODE = "sslmode";
        private static final String SSL_ROOT = "sslrootcert";
        private static final String TARGET = "targetServerType";
        private static final String PRIMARY = "primary";
        private static final String ANY = "any";
        private static final Set<String> PARAMETERS = Set.of(SSL_MODE, SSL_ROOT, TARGET);
        private static final Set<String> SSL_MODES =
                Set.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");
        /** Migrations may wait for those of another gateway. */
        private static final int MIGRATION_SOCKET_SECONDS = 300;

        public Postgres {
            hosts = List.copyOf(hosts);
            parameters = Map.copyOf(parameters);
        }

        /** What is wrong with the URL is not shown: it may be the password. */
        static Postgres parse(String url) {
            Matcher parts = URL.matcher(url.strip());
            if (!parts.matches()) {
                throw malformed();
            }
            return new Postgres(
                    Stream.of(parts.group("hosts").split(",", -1))
                            .map(Postgres::host)
                            .toList(),
                    decode(parts.group("database")),
                    decode(parts.group("user")),
                    decode(Objects.requireNonNullElse(parts.group("password"), "")),
                    parameters(Objects.requireNonNullElse(parts.group("query"), "")));
        }

        /** With its port. */
        private static String host(String given) {
            try {
                URI uri = new URI("postgresql://" + given).parseServerAuthority();
                if (uri.getHost() != null && uri.getPort() != 0 && uri.getPort() <= HIGHEST_PORT) {
                    return uri.getHost() + ":" + (uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort());
                }
            } catch (URISyntaxException _) {
                // Said below.
            }
            throw malformed();
        }

        @Override
        public ConnectionFactoryOptions reactive(Duration statementTimeout, Duration connectTimeout) {
            String millis = Long.toString(statementTimeout.toMillis());
            ConnectionFactoryOptions.Builder options = ConnectionFactoryOptions.builder()
                    .option(DRIVER, "postgresql")
                    .option(DATABASE, database)
                    .option(USER, user)
                    .option(PASSWORD, password)
                    .option(CONNECT_TIMEOUT, connectTimeout)
                    .option(Option.valueOf("applicationName"), "sluice")
                    .option(Option.valueOf("tcpKeepAlive"), true)
                    .option(
                            Option.valueOf("options"),
                            Map.of("statement_timeout", millis, "idle_in_transaction_session_timeout", millis));
            if (hosts.size() == 1) {
                int colon = hosts.getFirst().lastIndexOf(':');
                options.option(HOST, withoutBrackets(hosts.getFirst().substring(0, colon)))
                        .option(PORT, Integer.parseInt(hosts.getFirst().substring(colon + 1)));
            } else {
                options.option(PROTOCOL, "failover").option(HOST, String.join(",", hosts));
            }
            options.option(Option.valueOf(TARGET), target());
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
            given.putAll(parameters);
            given.setProperty(TARGET, target());
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

        /** Of several, the one that takes changes. */
        private String target() {
            return parameters.getOrDefault(TARGET, hosts.size() > 1 ? PRIMARY : ANY);
        }

        private static String withoutBrackets(String host) {
            return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        }

        private static Map<String, String> parameters(String query) {
            Map<String, String> parameters = new TreeMap<>();
            for (String parameter : query.isEmpty() ? new String[0] : query.split("&", -1)) {
                String[] parts = parameter.split("=", 2);
                if (parts.length < 2 || !PARAMETERS.contains(parts[0])) {
                    throw bad("no parameters but sslmode, sslrootcert and targetServerType");
                }
                parameters.put(parts[0], decode(parts[1]));
            }
            if (!SSL_MODES.contains(parameters.getOrDefault(SSL_MODE, "prefer"))) {
                throw bad("an sslmode of disable, allow, prefer, require, verify-ca or verify-full");
            }
            if (!Set.of(PRIMARY, ANY).contains(parameters.getOrDefault(TARGET, ANY))) {
                throw bad("a targetServerType of primary or any");
            }
            return parameters;
        }

        /** Unlike in a form, a plus is a plus. */
        @SuppressWarnings("UnusedException") // it repeats what may be the password
        private static String decode(String text) {
            try {
                return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException malformed) {
                throw malformed();
            }
        }

        private static IllegalArgumentException malformed() {
            return bad("postgresql://user:password@host:port/database, each part percent-encoded, several hosts"
                    + " separated by commas, with ?sslmode=, sslrootcert= and targetServerType= where needed");
        }

        private static IllegalArgumentException bad(String expected) {
            return CHECK.bad("url", "not shown, it may hold a password", expected);
        }
    }
}
