package dev.sluice.gateway.outbound.database;

import io.netty.handler.ssl.SslContextBuilder;
import io.r2dbc.postgresql.client.DefaultHostnameVerifier;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;
import javax.net.ssl.HostnameVerifier;
import org.jspecify.annotations.Nullable;

/**
 * Whether connections are encrypted and which servers are trusted, for both drivers as the documentation of libpq has
 * it (section "SSL Support"), which neither of them follows in all.
 *
 * @param mode the {@code sslmode}
 * @param root the file of the authority's certificate, or {@link #SYSTEM}; null where none is asked for
 */
record PostgresTls(String mode, @Nullable String root) {
    static final String MODE = "sslmode";
    static final String ROOT = "sslrootcert";
    /** Those authorities that Java trusts. */
    private static final String SYSTEM = "system";

    private static final String PREFER = "prefer";
    private static final String REQUIRE = "require";
    private static final String VERIFY_CA = "verify-ca";
    private static final String VERIFY_FULL = "verify-full";
    private static final List<String> MODES = List.of("disable", "allow", PREFER, REQUIRE, VERIFY_CA, VERIFY_FULL);

    /** What the parameters of a URL say, and what they mean where they do not. */
    static PostgresTls of(Map<String, String> parameters) {
        String root = parameters.get(ROOT);
        String mode = parameters.getOrDefault(MODE, SYSTEM.equals(root) ? VERIFY_FULL : PREFER);
        if (mode.equals(REQUIRE) && root != null && !root.equals(SYSTEM)) {
            return new PostgresTls(VERIFY_CA, root);
        }
        if (root == null && verifies(mode)) {
            return new PostgresTls(
                    mode,
                    Path.of(System.getProperty("user.home"), ".postgresql", "root.crt")
                            .toString());
        }
        return new PostgresTls(mode, root);
    }

    private static boolean verifies(String mode) {
        return mode.equals(VERIFY_CA) || mode.equals(VERIFY_FULL);
    }

    /** What was expected instead of this, if it is not to be had. */
    Optional<String> unexpected() {
        if (!MODES.contains(mode)) {
            return Optional.of("an sslmode of disable, allow, prefer, require, verify-ca or verify-full");
        }
        if (SYSTEM.equals(root)) {
            return mode.equals(VERIFY_FULL)
                    ? Optional.empty()
                    : Optional.of("with sslrootcert=system no sslmode but verify-full");
        }
        return root == null || Files.isReadable(Path.of(root))
                ? Optional.empty()
                : Optional.of("an sslrootcert that can be read, or system for the authorities that Java trusts; " + root
                        + " cannot");
    }

    /** For the reactive driver. The name of the certificate has to be {@code host}. */
    void configure(ConnectionFactoryOptions.Builder options, String host) {
        options.option(Option.valueOf("sslMode"), mode);
        if (root != null && !root.equals(SYSTEM)) {
            options.option(Option.valueOf("sslRootCert"), root);
        }
        // By itself it asks the resolver how the address is called, and takes that.
        HostnameVerifier verifier = (_, session) -> DefaultHostnameVerifier.INSTANCE.verify(host, session);
        options.option(Option.valueOf("sslHostnameVerifier"), verifier);
        if (mode.equals(VERIFY_CA)) {
            // Netty's engines compare the name by themselves.
            Function<SslContextBuilder, SslContextBuilder> anyName =
                    context -> context.endpointIdentificationAlgorithm(null);
            options.option(Option.valueOf("sslContextBuilderCustomizer"), anyName);
        }
    }

    /** For the driver of the migrations. */
    void configure(Properties properties) {
        properties.setProperty(MODE, mode);
        if (SYSTEM.equals(root)) {
            properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
        } else if (root != null) {
            properties.setProperty(ROOT, root);
        }
    }
}
