package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.outbound.database.DatabaseAddress.Postgres;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code postgresql://user:password@host:port,host:port/database?parameters}, each part percent-encoded. What is wrong
 * with one is not shown: it may be the password.
 */
final class PostgresUrl {
    private static final SettingCheck CHECK = new SettingCheck("sluice.database.");
    private static final int DEFAULT_PORT = 5432;
    private static final int HIGHEST_PORT = 65535;
    private static final Pattern URL = Pattern.compile(
            "(?:r2dbc:)?postgres(?:ql)?://(?<user>[^:@/?#]+)(?::(?<password>[^@/?#]*))?@(?<hosts>[^@/?#]+)"
                    + "/(?<database>[^/?#]+)(?:\\?(?<query>[^#]*))?");
    private static final Set<String> PARAMETERS = Set.of(PostgresTls.MODE, PostgresTls.ROOT, Postgres.TARGET);

    private PostgresUrl() {}

    /** Refuses what is none with an {@link IllegalArgumentException} that names the setting. */
    static Postgres parse(String url) {
        Matcher parts = URL.matcher(url.strip());
        if (!parts.matches()) {
            throw malformed();
        }
        return new Postgres(
                Stream.of(parts.group("hosts").split(",", -1))
                        .map(PostgresUrl::host)
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

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new TreeMap<>();
        for (String parameter : query.isEmpty() ? new String[0] : query.split("&", -1)) {
            String[] parts = parameter.split("=", 2);
            if (parts.length < 2 || !PARAMETERS.contains(parts[0])) {
                throw bad("no parameters but sslmode, sslrootcert and targetServerType");
            }
            parameters.put(parts[0], decode(parts[1]));
        }
        PostgresTls.of(parameters).unexpected().ifPresent(expected -> {
            throw bad(expected);
        });
        if (!Set.of(Postgres.PRIMARY, Postgres.ANY).contains(parameters.getOrDefault(Postgres.TARGET, Postgres.ANY))) {
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
