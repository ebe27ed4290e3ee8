package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.inbound.identity.TrustedProxies;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Locale;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.server.ConnectionInfo;

/**
 * The scheme, host and port by which a client reached the gateway: those of the operator's {@code sluice.public-url};
 * else what the outermost trusted proxy says (RFC 7239, or {@code X-Forwarded-*}); else those of the request itself.
 * From here they go everywhere: the origin of the gateway's own pages, upload URLs, cookies. What a proxy says that is
 * no scheme, host or port counts as not said.
 */
final class PublicAddress implements BiFunction<ConnectionInfo, HttpRequest, ConnectionInfo> {
    private static final int HTTP = 80;
    private static final int HTTPS = 443;
    private static final int NONE = -1;

    private final TrustedProxies proxies;
    private final @Nullable URI fixed;

    /** @param publicUrl an http or https URL without a path; empty for none */
    PublicAddress(TrustedProxies proxies, String publicUrl) {
        this.proxies = proxies;
        this.fixed = publicUrl.isEmpty() ? null : URI.create(publicUrl);
    }

    /** Whether it is ever another than that of the request itself. */
    boolean isNeeded() {
        return fixed != null || proxies.any();
    }

    @Override
    public ConnectionInfo apply(ConnectionInfo connection, HttpRequest request) {
        if (fixed != null) {
            return at(connection, fixed.getScheme(), fixed.getHost(), fixed.getPort());
        }
        TrustedProxies.Forwarded forwarded = proxies.forwarded(
                connection.getRemoteAddress(), name -> request.headers().getAll(name));
        String scheme = scheme(forwarded.scheme());
        String authority = host(forwarded.host());
        int port = port(forwarded.port());
        if (scheme == null && authority == null && port == NONE) {
            return connection;
        }
        if (authority == null) {
            authority = request.headers().get(HttpHeaderNames.HOST, "");
        }
        String host = Authority.host(authority);
        return at(
                connection,
                scheme == null ? connection.getScheme() : scheme,
                host.isEmpty() ? connection.getHostName() : host,
                port == NONE ? Authority.port(authority) : port);
    }

    private static ConnectionInfo at(ConnectionInfo connection, String scheme, String host, int port) {
        InetSocketAddress local = connection.getHostAddress();
        if (local == null) {
            return connection;
        }
        int usual = scheme.equals("https") ? HTTPS : HTTP;
        return connection.withScheme(scheme).withHostAddress(local, host, port == NONE ? usual : port);
    }

    private static @Nullable String scheme(@Nullable String forwarded) {
        String scheme = forwarded == null ? "" : forwarded.toLowerCase(Locale.ROOT);
        return scheme.equals("https") || scheme.equals("http") ? scheme : null;
    }

    private static @Nullable String host(@Nullable String forwarded) {
        return forwarded != null && Authority.isOne(forwarded) ? forwarded : null;
    }

    private static int port(@Nullable String forwarded) {
        return forwarded != null && Authority.isPort(forwarded) ? Integer.parseInt(forwarded) : NONE;
    }
}
