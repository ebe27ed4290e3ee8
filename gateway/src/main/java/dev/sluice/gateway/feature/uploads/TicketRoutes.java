package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.uploads.UploadTickets.Ticket;
import dev.sluice.gateway.outbound.database.image.Uploads;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.zipstream.BodyTooSlowException;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.DeadlineExceededException;
import dev.sluice.zipstream.MinimumRate;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * The gateway as the store that takes uploads. A body goes to a temporary file as it comes and is an object when it is
 * whole; whoever leaves before leaves nothing.
 */
final class TicketRoutes implements FeatureRoutes {
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final UploadTickets tickets;
    private final Uploads uploads;
    private final ObjectStore store;
    private final UploadsProperties properties;
    private final PutAdmission admission;
    private final MinimumRate slowest;

    TicketRoutes(UploadTickets tickets, Uploads uploads, ObjectStore store, UploadsProperties properties) {
        this.tickets = tickets;
        this.uploads = uploads;
        this.store = store;
        this.properties = properties;
        this.admission = new PutAdmission(new DiskBudget(
                properties.putBudget().toBytes(), properties.putBudgetPerOwner().toBytes()));
        this.slowest = new MinimumRate(properties.slowestPut().toBytes(), GRACE);
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.put(
                        "upload.put",
                        UploadTickets.PATH + "{token}",
                        UploadType.mediaTypes(),
                        properties.maxImageSize(),
                        this::put)
                .orWithCredential(tickets::admits));
    }

    private Mono<ServerResponse> put(ServerRequest request) {
        return Mono.defer(() -> {
            Ticket ticket = tickets.check(request);
            return Mono.using(
                    () -> admission.admit(ticket.key(), ticket.object().length()),
                    place -> uploads.isAwaited(ticket.key().value())
                            .filter(isAwaited -> isAwaited)
                            .switchIfEmpty(Mono.error(TicketRoutes::over))
                            .flatMap(isAwaited -> stored(request, ticket)));
        });
    }

    private Mono<ServerResponse> stored(ServerRequest request, Ticket ticket) {
        return Mono.defer(() -> {
            Duration deadline = deadline(ticket.object().length(), slowest, properties.putTimeout());
            Flux<DataBuffer> body = ByteStreams.withMinimumRate(
                    ByteStreams.withDeadline(
                            request.exchange()
                                    .getRequest()
                                    .getBody()
                                    .onErrorMap(IOException.class, TicketRoutes::brokenOff),
                            deadline,
                            Schedulers.parallel()),
                    slowest,
                    Schedulers.parallel());
            return store.put(ticket.key(), ticket.object(), body)
                    .onErrorMap(StorageException.class, TicketRoutes::problem)
                    .onErrorMap(TicketRoutes::isLate, late -> tooSlow(deadline, late))
                    .then(ServerResponse.ok().build());
        });
    }

    /** What the slowest sender needs for so many bytes, and no more than any put has. */
    static Duration deadline(long bytes, MinimumRate slowest, Duration most) {
        Duration needed = slowest.grace().plusMillis(bytes * 1000 / slowest.bytesPerSecond());
        return needed.compareTo(most) < 0 ? needed : most;
    }

    private static GatewayException over() {
        return new GatewayException(
                ProblemCode.CONFLICT, "The upload is complete already, was refused, or was announced anew.");
    }

    /** The client's own doing, which no store has part in; its answer finds nobody. */
    private static GatewayException brokenOff(Throwable connection) {
        return new GatewayException(
                ProblemCode.MALFORMED_REQUEST, "The connection ended before the body was whole.", connection);
    }

    private static boolean isLate(Throwable failure) {
        return failure instanceof DeadlineExceededException || failure instanceof BodyTooSlowException;
    }

    private GatewayException tooSlow(Duration deadline, Throwable late) {
        return new GatewayException(
                ProblemCode.REQUEST_TIMEOUT,
                "body: too slow (expected: " + slowest.bytesPerSecond() + " bytes a second, and all within "
                        + DurationWords.of(deadline) + ")",
                late);
    }

    private static Throwable problem(StorageException failed) {
        return switch (failed.kind()) {
            case EXISTS -> new GatewayException(ProblemCode.CONFLICT, "The upload has taken place already.", failed);
            case LENGTH_MISMATCH ->
                new GatewayException(
                        ProblemCode.MALFORMED_REQUEST, "body: not of the length that was announced.", failed);
            default -> failed;
        };
    }
}
