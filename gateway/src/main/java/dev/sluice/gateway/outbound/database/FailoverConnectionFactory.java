package dev.sluice.gateway.outbound.database;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Connections to the one of several PostgreSQL servers that takes changes or, where any will do, to the first that
 * answers. They are tried one after the other, beginning with that which was taken last: first each for its part of the
 * time, then those that have not answered for all of it.
 *
 * <p>Not by the driver's own failover: it waits for the handshake of one server without end, so that a server which is
 * frozen, or whose machine is cut off, keeps all others from being tried.
 */
final class FailoverConnectionFactory implements ConnectionFactory {
    private final List<Server> servers;
    private final boolean isPrimaryWanted;
    private final Duration connectTimeout;
    /** Its index. */
    private volatile int takenLast;

    private record Server(DatabaseAddress.Postgres address, ConnectionFactory driver) {}

    FailoverConnectionFactory(DatabaseAddress.Postgres address, Duration statementTimeout, Duration connectTimeout) {
        this.connectTimeout = connectTimeout;
        this.isPrimaryWanted = address.isPrimaryWanted();
        this.servers = address.servers().stream()
                .map(one -> new Server(one, ConnectionFactories.get(one.reactive(statementTimeout, connectTimeout))))
                .toList();
    }

    /** How long {@link #create} takes at most. */
    static Duration longest(DatabaseAddress address, Duration connectTimeout) {
        int servers = address.servers().size();
        return servers == 1 ? connectTimeout : connectTimeout.multipliedBy(servers + 1L);
    }

    /** Fails with a {@link NoServerException} if there is none. */
    @Override
    public Mono<Connection> create() {
        return Mono.defer(() -> {
            int size = servers.size();
            int first = takenLast;
            Map<Integer, Throwable> refusals = new LinkedHashMap<>();
            return Flux.range(0, size == 1 ? 1 : 2 * size)
                    .concatMap(
                            turn -> {
                                int number = (first + turn) % size;
                                boolean isSecond = turn >= size;
                                return isSecond && !(refusals.get(number) instanceof TimeoutException)
                                        ? Mono.empty()
                                        : connected(number, isSecond ? connectTimeout : connectTimeout.dividedBy(size))
                                                .onErrorResume(error -> {
                                                    refusals.put(number, error);
                                                    return Mono.empty();
                                                });
                            },
                            0)
                    .next()
                    .switchIfEmpty(Mono.error(() -> new NoServerException(refusals.entrySet().stream()
                            .map(each -> new NoServerException.Refusal(
                                    servers.get(each.getKey()).address(), each.getValue()))
                            .toList())));
        });
    }

    private Mono<Connection> connected(int number, Duration time) {
        Mono<Connection> opened = Mono.from(servers.get(number).driver().create())
                .cast(Connection.class)
                .flatMap(connection -> isPrimaryWanted ? primary(connection) : Mono.just(connection));
        // Of one server, whoever asks knows how long it waits.
        return servers.size() == 1
                ? opened
                : opened.timeout(
                                time,
                                Mono.error(() -> new TimeoutException("no answer within " + time.toMillis() + " ms")))
                        .doOnNext(_ -> takenLast = number);
    }

    /** The connection, or an error and it is closed. */
    private static Mono<Connection> primary(Connection connection) {
        AtomicBoolean isTaken = new AtomicBoolean();
        return Mono.from(
                        connection.createStatement("SHOW transaction_read_only").execute())
                .flatMap(result -> Mono.from(result.map((row, _) -> "off".equals(row.get(0, String.class)))))
                .flatMap(isPrimary -> isPrimary
                        ? Mono.just(connection)
                        : Mono.error(new IllegalStateException("it takes no changes (transaction_read_only is on)")))
                .onErrorResume(
                        error -> Mono.from(connection.close()).onErrorComplete().then(Mono.error(error)))
                .doOnNext(_ -> isTaken.set(true))
                .doOnCancel(() -> {
                    if (!isTaken.get()) {
                        var _ = Mono.from(connection.close()).onErrorComplete().subscribe();
                    }
                });
    }

    @Override
    public ConnectionFactoryMetadata getMetadata() {
        return servers.getFirst().driver().getMetadata();
    }
}
