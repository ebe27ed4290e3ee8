package dev.sluice.gateway.outbound.fetch;

import reactor.netty.http.client.HttpClient;

/**
 * The way out for what is sent to where an answer says. The URL is for {@link OriginUrls} to judge; here the address is
 * judged that is finally connected to, by the rules of every fetch.
 */
public final class GuardedConnections {
    private final FetchTransport transport;

    GuardedConnections(FetchTransport transport) {
        this.transport = transport;
    }

    /**
     * That client, which resolves names as fetches do and connects to no address that may not be reached: that fails
     * with a {@link java.net.ConnectException} that names none. Its connections are its own.
     */
    public HttpClient guard(HttpClient client) {
        return transport.guarded(client);
    }
}
