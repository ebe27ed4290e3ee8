package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * An image origin over raw TCP that does what each path says, see {@link Behaviours}. One virtual thread a connection.
 *
 * <pre>{@code
 * try (var origin = HostileOrigin.start()) {
 *     origin.on("/a.png", Behaviours.image(Pictures.png(1000)));
 *     fetch(origin.url("/a.png"));
 *     origin.awaitAllClosed(Duration.ofSeconds(5));
 * }
 * }</pre>
 */
public final class HostileOrigin implements AutoCloseable {
    /** What an origin does with one request. */
    @FunctionalInterface
    public interface Behaviour {
        /** Answers {@code exchange}; the connection serves its next request unless the answer closed it. */
        void answer(OriginExchange exchange) throws IOException, InterruptedException;
    }

    private final ServerSocket server;
    private final @Nullable SSLSocketFactory tls;
    private final Map<String, Behaviour> behaviours = new ConcurrentHashMap<>();
    private final List<OriginConnection> connections = new CopyOnWriteArrayList<>();
    private final List<OriginExchange> exchanges = new CopyOnWriteArrayList<>();
    private final CountDownLatch stopped = new CountDownLatch(1);

    private HostileOrigin(ServerSocket server, @Nullable SSLSocketFactory tls) {
        this.server = server;
        this.tls = tls;
        Thread.ofVirtual().name("hostile-origin").start(this::accept);
    }

    /** Starts an origin on 127.0.0.2 and a free port. */
    public static HostileOrigin start() {
        return start("127.0.0.2");
    }

    /** Starts an origin on a loopback {@code address} and a free port. */
    public static HostileOrigin start(String address) {
        return listen(address, null);
    }

    /** Starts an https origin that shows the certificate in {@code context}. */
    public static HostileOrigin startTls(String address, SSLContext context) {
        return listen(address, context.getSocketFactory());
    }

    private static HostileOrigin listen(String address, @Nullable SSLSocketFactory tls) {
        try {
            return new HostileOrigin(new ServerSocket(0, 1024, InetAddress.getByName(address)), tls);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on requests for {@code path} (query included) get {@code behaviour}; all others get a 404. */
    public HostileOrigin on(String path, Behaviour behaviour) {
        behaviours.put(path, behaviour);
        return this;
    }

    /** Answers 404 to everything, and has read no request so far, as when it was started; it stays where it is. */
    public void forget() {
        behaviours.clear();
        exchanges.clear();
    }

    /** The absolute URL of {@code path}, by address. */
    public String url(String path) {
        return url(address().getAddress().getHostAddress(), path);
    }

    /** The absolute URL of {@code path} under another {@code host} name. */
    public String url(String host, String path) {
        return (tls == null ? "http://" : "https://") + host + ":" + port() + path;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    /** {@code address:port}, as an allow list takes it. */
    public String addressAndPort() {
        return address().getAddress().getHostAddress() + ":" + port();
    }

    /** The port it listens on. */
    public int port() {
        return server.getLocalPort();
    }

    /** Every connection accepted so far, oldest first. */
    public List<OriginConnection> connections() {
        return List.copyOf(connections);
    }

    /** Every request read so far, oldest first. */
    public List<OriginExchange> requests() {
        return List.copyOf(exchanges);
    }

    /** How many requests asked for {@code path}. */
    public long requests(String path) {
        return exchanges.stream().filter(e -> e.path().equals(path)).count();
    }

    /** Connections that the other side has not closed. */
    public long openConnections() {
        return connections.stream().filter(c -> !c.isClosed()).count();
    }

    /** Waits until every connection so far was closed; fails after {@code limit}. */
    public void awaitAllClosed(Duration limit) {
        Await.until(limit, "all connections of the origin closed", () -> openConnections() == 0);
    }

    /** Waits until {@code count} requests were read; fails after {@code limit}. */
    public void awaitRequests(int count, Duration limit) {
        Await.until(limit, count + " requests at the origin", () -> exchanges.size() >= count);
    }

    /** Waits for any condition on this origin; fails after {@code limit}. */
    public void await(Duration limit, String what, BooleanSupplier condition) {
        Await.until(limit, what, condition);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket plain = server.accept();
                var connection = new OriginConnection(plain, tls == null ? plain : secured(plain, tls));
                connections.add(connection);
                if (stopped.getCount() == 0) {
                    // Accepted while this was closed, which saw no such connection.
                    connection.close();
                    return;
                }
                Thread.ofVirtual().name("hostile-connection").start(() -> serve(connection));
            } catch (IOException e) {
                return;
            }
        }
    }

    /** Over the plain connection, so that a behaviour can end that without a word. */
    private static Socket secured(Socket plain, SSLSocketFactory tls) throws IOException {
        SSLSocket secured = (SSLSocket) tls.createSocket(plain, null, true);
        secured.setUseClientMode(false);
        return secured;
    }

    private void serve(OriginConnection connection) {
        try (connection) {
            while (true) {
                OriginExchange exchange = OriginExchange.read(connection, stopped);
                if (exchange == null) {
                    return;
                }
                exchanges.add(exchange);
                behaviours.getOrDefault(exchange.path(), Behaviours.status(404)).answer(exchange);
            }
        } catch (IOException e) {
            // The other side left, or the behaviour broke the connection: both are what tests ask for.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stopped.countDown();
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        connections.forEach(OriginConnection::close);
        // A class of tests keeps this as long as the JVM runs, and need not keep what it would have answered.
        behaviours.clear();
    }
}
