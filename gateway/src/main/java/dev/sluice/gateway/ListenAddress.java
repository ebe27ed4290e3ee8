package dev.sluice.gateway;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/**
 * On which address a server listens where none is set: in the profile {@code prod} on every one, else on 127.0.0.1
 * alone, since in development anybody who reaches the port may sign in as an admin.
 *
 * <p>{@code 0.0.0.0} is every address, those of IPv6 among them: a system that has IPv6 would listen on IPv4 alone.
 */
@Order(Ordered.LOWEST_PRECEDENCE) // after Spring Boot has set what is configured
final class ListenAddress implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {
    private static final byte[] THIS_MACHINE = {127, 0, 0, 1};

    private final boolean isProduction;

    ListenAddress(Environment environment) {
        this.isProduction = environment.acceptsProfiles(Profiles.of("prod"));
    }

    @Override
    public void customize(NettyReactiveWebServerFactory server) {
        InetAddress given = server.getAddress();
        if (given != null && given.isAnyLocalAddress()) {
            server.setAddress(null);
        } else if (given == null && !isProduction) {
            try {
                server.setAddress(InetAddress.getByAddress(THIS_MACHINE));
            } catch (UnknownHostException impossible) {
                throw new AssertionError("four bytes are an address", impossible);
            }
        }
    }
}
