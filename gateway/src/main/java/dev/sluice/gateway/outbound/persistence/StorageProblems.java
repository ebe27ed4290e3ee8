package dev.sluice.gateway.outbound.custody;

import dev.sluice.gateway.contract.ByteWords;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.ImageQuotaException;
import dev.sluice.gateway.outbound.database.StorageQuotaException;
import dev.sluice.gateway.outbound.database.UsageQuotaException;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.time.Duration;
import java.util.List;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Routes whose callers are told what became of their request when the database or the store fails it. */
public final class Outages implements FeatureRoutes {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final FeatureRoutes routes;

    private Outages(FeatureRoutes routes) {
        this.routes = routes;
    }

    /** The same routes, whose failures of database and store are problems that say what became of the request. */
    public static FeatureRoutes told(FeatureRoutes routes) {
        return new Outages(routes);
    }

    @Override
    public List<Endpoint> endpoints() {
        return routes.endpoints().stream().map(Outages::told).toList();
    }

    private static Endpoint told(Endpoint endpoint) {
        return endpoint.handledBy(request -> handled(endpoint, request));
    }

    private static Mono<ServerResponse> handled(Endpoint endpoint, ServerRequest request) {
        return endpoint.handler().handle(request).onErrorMap(Outages::problem);
    }

    /** The problem that a failure of the database, the store or the decoder is; any other failure is itself. */
    public static Throwable problem(Throwable failure) {
        return switch (failure) {
            case DatabaseException database -> problem(database);
            case StorageException storage -> problem(storage);
            case DecoderException decoder -> problem(decoder);
            default -> failure;
        };
    }

    private static Throwable problem(DatabaseException failure) {
        return switch (failure.failure()) {
            case UNAVAILABLE ->
                new GatewayException(
                                ProblemCode.DATABASE_FAILED,
                                "The database does not answer; nothing was changed.",
                                failure)
                        .with("reason", "unavailable")
                        .retryAfter(SOON);
            case IN_DOUBT ->
                new GatewayException(
                                ProblemCode.DATABASE_FAILED,
                                "The database was lost while it took the change. Whether it did is not known: look"
                                        + " before you ask again.",
                                failure)
                        .with("reason", "in_doubt")
                        .retryAfter(SOON);
            case CONFLICT ->
                new GatewayException(
                        ProblemCode.CONFLICT,
                        "Another change was made at the same time; nothing was changed.",
                        failure);
            case QUOTA ->
                switch (failure) {
                    case StorageQuotaException full -> problem(full);
                    case ImageQuotaException full -> problem(full);
                    case UsageQuotaException full -> problem(full);
                    default -> failure;
                };
            case REJECTED, DEFECT -> failure;
        };
    }

    private static GatewayException problem(ImageQuotaException full) {
        return new GatewayException(
                        ProblemCode.CONFLICT,
                        "You have as many images as you may: " + full.quota()
                                + ", those on their way among them. Delete some first.",
                        full)
                .with("quota", full.quota());
    }

    private static GatewayException problem(UsageQuotaException full) {
        return new GatewayException(
                        ProblemCode.CONFLICT,
                        "The images of this owner have " + full.quota() + " usages (expected: at most so many). Release"
                                + " some first.",
                        full)
                .with("quota", full.quota());
    }

    /** The problem that a quota of bytes is which does not admit what was asked for. */
    private static GatewayException problem(StorageQuotaException full) {
        return new GatewayException(
                        ProblemCode.STORAGE_QUOTA_EXCEEDED,
                        "Your images take " + ByteWords.of(full.used()) + " of " + ByteWords.of(full.quota())
                                + ", so there is no room for " + ByteWords.of(full.wanted())
                                + " more. Delete some first.",
                        full)
                .with("used", full.used())
                .with("wanted", full.wanted())
                .with("quota", full.quota());
    }

    private static Throwable problem(DecoderException failure) {
        GatewayException problem = new GatewayException(
                        failure.kind() == DecoderException.Kind.LIMIT
                                ? ProblemCode.INVALID_IMAGE
                                : ProblemCode.OVERLOADED,
                        failure.getMessage() + ".",
                        failure)
                .with("reason", failure.kind().code());
        return failure.kind() == DecoderException.Kind.LIMIT ? problem : problem.retryAfter(SOON);
    }

    private static Throwable problem(StorageException failure) {
        String said = switch (failure.kind()) {
            case UNAVAILABLE -> "The store does not answer.";
            case FULL -> "The store is full.";
            case REFUSED -> "The store refuses.";
            case GONE -> "The file is not in the store any more.";
            case EXISTS, LENGTH_MISMATCH, BROKEN -> "The store failed.";
        };
        GatewayException problem = new GatewayException(ProblemCode.STORAGE_FAILED, said, failure)
                .with("reason", failure.kind().code());
        return failure.kind().isRetryable() ? problem.retryAfter(SOON) : problem;
    }
}
