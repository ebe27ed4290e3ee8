package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.policy.HostName;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.StandardConstants;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.Http11SslContextSpec;

/**
 * TLS to origins. The platform does all of it, but for hosts that it takes for no names, such as
 * {@code my_bucket.example.com}: it would neither name them to the server (RFC 6066 section 3) nor find any certificate
 * good for them. For those alone, both is done here.
 */
final class OriginTls {
    private OriginTls() {}

    /**
     * What to connect with.
     *
     * @param trusted whose certificates are good; null means the platform's
     */
    static SslContext context(@Nullable KeyStore trusted) {
        TrustManager trust = new Trust(platformTrust(trusted));
        try {
            return Http11SslContextSpec.forClient()
                    .configure(context -> context.trustManager(trust))
                    .sslContext();
        } catch (SSLException e) {
            throw new IllegalStateException("No TLS for fetches", e);
        }
    }

    /** Names the server to itself where the platform would not. */
    static void nameServer(SslHandler handler) {
        SSLEngine engine = handler.engine();
        String host = engine.getPeerHost();
        if (host != null && HostName.isUnusual(host)) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setServerNames(List.of(new UnusualName(host)));
            engine.setSSLParameters(parameters);
        }
    }

    private static X509ExtendedTrustManager platformTrust(@Nullable KeyStore trusted) {
        try {
            var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(trusted);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager extended) {
                    return extended;
                }
            }
            throw new IllegalStateException("The platform has no trust manager that knows of connections");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("No trusted certificates", e);
        }
    }

    /** Whether a certificate is for {@code host}: RFC 9525 section 6.3, by its subject alternative names alone. */
    static boolean isFor(X509Certificate certificate, String host) throws CertificateException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        if (names == null) {
            return false;
        }
        int firstDot = host.indexOf('.');
        String parent = firstDot < 0 ? "" : host.substring(firstDot + 1);
        // A wildcard stands for one whole label, and not for one right below a top-level domain.
        String wildcard = parent.indexOf('.') < 0 ? host : "*." + parent;
        return names.stream()
                .filter(name -> name.getFirst().equals(2)) // dNSName, RFC 5280 section 4.2.1.6
                .map(name -> String.valueOf(name.get(1)).toLowerCase(Locale.ROOT))
                .anyMatch(name -> name.equals(host) || name.equals(wildcard));
    }

    /** A host name as it goes out; the platform's own class checks what stands in it. */
    private static final class UnusualName extends SNIServerName {
        UnusualName(String host) {
            super(StandardConstants.SNI_HOST_NAME, host.getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** The platform's trust, which finds the name of a host good or does not look at it. */
    private static final class Trust extends X509ExtendedTrustManager {
        private final X509ExtendedTrustManager platform;

        Trust(X509ExtendedTrustManager platform) {
            this.platform = platform;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            String host = engine.getPeerHost();
            if (host == null || !HostName.isUnusual(host)) {
                platform.checkServerTrusted(chain, authType, engine);
                return;
            }
            platform.checkServerTrusted(chain, authType);
            if (!isFor(chain[0], host)) {
                throw new CertificateException("The certificate is for another host");
            }
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            platform.checkServerTrusted(chain, authType, socket);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            platform.checkServerTrusted(chain, authType);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            platform.checkClientTrusted(chain, authType, engine);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            platform.checkClientTrusted(chain, authType, socket);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            platform.checkClientTrusted(chain, authType);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return platform.getAcceptedIssuers();
        }
    }
}
