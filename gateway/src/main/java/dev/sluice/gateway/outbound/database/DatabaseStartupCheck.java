package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.CannotStartException;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import reactor.core.publisher.Mono;

/**
 * Checks at the start that the server, or a pooler before it, accepts connections like those that the gateway works
 * with. The migrations use another driver with other parameters, which a pooler may accept when it refuses these.
 */
final class DatabaseStartupCheck {
    private final DatabaseAddress address;
    private final ConnectionFactory driver;
    private final boolean isOne;
    private final Duration timeout;

    DatabaseStartupCheck(DatabaseProperties properties) {
        this.address = properties.address();
        this.driver = properties.connections();
        this.isOne = properties.poolSize() == 1;
        this.timeout = properties.longestConnect().plus(properties.statementTimeout());
    }

    /**
     * Opens two at a time, unless the pool has only one, of which each prepares a statement: a pooler that hands the
     * same server's connection to both must keep them apart. Blocks the thread that starts, for one connection's and
     * one statement's time at most; fails with what an operator can do.
     */
    void run() {
        if (!address.isServer()) {
            return;
        }
        Mono<Void> second = isOne ? Mono.empty() : using(other -> prepared(other, "SELECT $1::int + 1"));
        Mono<Void> both =
                using(first -> prepared(first, "SELECT $1::int").then(second).then(prepared(first, "SELECT $1::int")));
        try {
            both.toFuture().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException refused) {
            throw failed(refused.getCause() == null ? refused : refused.getCause());
        } catch (TimeoutException late) {
            throw failed(new TimeoutException("no answer within " + timeout));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw failed(interrupted);
        }
    }

    private interface Use {
        Mono<Void> on(Connection connection);
    }

    private Mono<Void> using(Use use) {
        return Mono.usingWhen(driver.create(), use::on, Connection::close);
    }

    private static Mono<Void> prepared(Connection connection, String sql) {
        return Mono.from(connection.createStatement(sql).bind("$1", 1).execute())
                .flatMapMany(result -> result.map((row, types) -> true))
                .then();
    }

    private CannotStartException failed(Throwable refusal) {
        return new CannotStartException(
                "No database: " + address + " refuses what the gateway works with: "
                        + (DatabaseErrors.isMixedUp(refusal)
                                ? "a pooler before it mixes up the prepared statements of its clients: "
                                : "")
                        + refusal.getMessage(),
                "Check " + address.advice() + ". " + DatabaseErrors.POOLER
                        + " and ignore_startup_parameters = extra_float_digits, statement_timeout,"
                        + " idle_in_transaction_session_timeout; statements then have no timeout but the server's own.",
                refusal);
    }
}
