package dev.sluice.gateway.outbound.persistence;

import dev.sluice.gateway.contract.ByteWords;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.QuotaExceededException;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.time.Duration;
import java.util.List;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Maps failures of the database, the store and the decoder to problems that say what became of the request. */
public final class StorageProblems implements FeatureRoutes {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final FeatureRoutes routes;

    private StorageProblems(FeatureRoutes routes) {
        this.routes = routes;
    }

    /** The same routes, with their failures mapped. */
    public static FeatureRoutes mapErrors(FeatureRoutes routes) {
        return new StorageProblems(routes);
    }

    @Override
    public List<Endpoint> endpoints() {
        return routes.endpoints().stream().map(StorageProblems::mapErrors).toList();
    }

    private static Endpoint mapErrors(Endpoint endpoint) {
        return endpoint.handledBy(request -> handled(endpoint, request));
    }

    private static Mono<ServerResponse> handled(Endpoint endpoint, ServerRequest request) {
        return endpoint.handler().handle(request).onErrorMap(StorageProblems::of);
    }

    /** The problem of a failure of the database, the store or the decoder; any other failure as it is. */
    public static Throwable of(Throwable failure) {
        return switch (failure) {
            case DatabaseException database -> of(database);
            case StorageException storage -> of(storage);
            case DecoderException decoder -> of(decoder);
            default -> failure;
        };
    }

    private static Throwable of(DatabaseException failure) {
        return switch (failure.kind()) {
            case UNAVAILABLE ->
                new GatewayException(
                                ProblemCode.DATABASE_FAILED,
                                "The database does not answer; nothing was changed.",
                                failure)
                        .with("reason", "unavailable")
                        .retryAfter(RETRY_AFTER);
            case IN_DOUBT ->
                new GatewayException(
                                ProblemCode.DATABASE_FAILED,
                                "The connection to the database was lost during the commit. Whether the change was made is"
                                        + " not known: check before you try again.",
                                failure)
                        .with("reason", "in_doubt")
                        .retryAfter(RETRY_AFTER);
            case CONFLICT ->
                new GatewayException(
                        ProblemCode.CONFLICT,
                        "Another change was made at the same time; nothing was changed.",
                        failure);
            case QUOTA ->
                switch (failure) {
                    case QuotaExceededException.OfStorage full -> of(full);
                    case QuotaExceededException.OfImages full -> of(full);
                    case QuotaExceededException.OfUsages full -> of(full);
                    default -> failure;
                };
            case REJECTED, DEFECT -> failure;
        };
    }

    private static GatewayException of(QuotaExceededException.OfImages full) {
        return new GatewayException(
                        ProblemCode.CONFLICT,
                        "You have reached your quota of " + full.quota()
                                + " images, including those in progress. Delete some first.",
                        full)
                .with("quota", full.quota());
    }

    private static GatewayException of(QuotaExceededException.OfUsages full) {
        return new GatewayException(
                        ProblemCode.CONFLICT,
                        "The images of this owner have reached the quota of " + full.quota() + " usages. Release"
                                + " some first.",
                        full)
                .with("quota", full.quota());
    }

    private static GatewayException of(QuotaExceededException.OfStorage full) {
        return new GatewayException(
                        ProblemCode.STORAGE_QUOTA_EXCEEDED,
                        "Your images use " + ByteWords.of(full.used()) + " of " + ByteWords.of(full.quota())
                                + ", and " + ByteWords.of(full.requested())
                                + " more do not fit. Delete some first.",
                        full)
                .with("used", full.used())
                .with("wanted", full.requested())
                .with("quota", full.quota());
    }

    private static Throwable of(DecoderException failure) {
        GatewayException problem = new GatewayException(
                        failure.kind() == DecoderException.Kind.LIMIT
                                ? ProblemCode.INVALID_IMAGE
                                : ProblemCode.OVERLOADED,
                        failure.getMessage() + ".",
                        failure)
                .with("reason", failure.kind().code());
        return failure.kind() == DecoderException.Kind.LIMIT ? problem : problem.retryAfter(RETRY_AFTER);
    }

    /** The code of a failure of the store. */
    public static ProblemCode code(StorageException failure) {
        return failure.kind() == StorageException.Kind.MISSING
                ? ProblemCode.STORAGE_MISSING
                : ProblemCode.STORAGE_FAILED;
    }

    private static Throwable of(StorageException failure) {
        String said = switch (failure.kind()) {
            case UNAVAILABLE -> "The store does not answer.";
            case MISSING -> "The store of all images is not there; nothing is known of this one.";
            case FULL -> "The store is full.";
            case REFUSED -> "The store refused the request.";
            case GONE -> "The file is not in the store any more.";
            case EXISTS, LENGTH_MISMATCH, BROKEN -> "The store failed.";
        };
        GatewayException problem = new GatewayException(code(failure), said, failure)
                .with("reason", failure.kind().code());
        return failure.kind().isRetryable() ? problem.retryAfter(RETRY_AFTER) : problem;
    }
}
