package dev.sluice.gateway.feature.training;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.gateway.contract.archive.SkippedImage;
import dev.sluice.gateway.outbound.ai.training.TrainingState;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Trainings over HTTP. */
final class TrainingRoutes implements FeatureRoutes {
    private static final String PATH = "/api/lora/train";

    /**
     * A training that was queued.
     *
     * @param requestId its id
     * @param statusUrl where its state is
     * @param status {@code queued}
     * @param images that it learns from
     * @param skipped images that it does without, empty unless the request allowed that
     */
    record Accepted(
            String requestId,
            String statusUrl,
            String status,
            String triggerWord,
            int steps,
            int images,
            List<SkippedImage> skipped) {}

    /**
     * How far a training is.
     *
     * @param requestId its id
     * @param status {@code queued}, {@code running}, {@code completed} or {@code failed}
     * @param queuePosition how many are before it, if that is known
     * @param weightsUrl what was learnt, of a completed one
     * @param configUrl what it was learnt with, of a completed one, if that is known
     * @param detail why, of a failed one
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record State(
            String requestId,
            String status,
            @Nullable Integer queuePosition,
            @Nullable URI weightsUrl,
            @Nullable URI configUrl,
            @Nullable String detail) {}

    private final TrainingSetup setup;
    private final TrainingIds ids;
    private final TrainingProperties properties;

    TrainingRoutes(TrainingSetup setup, TrainingIds ids, TrainingProperties properties) {
        this.setup = setup;
        this.ids = ids;
        this.properties = properties;
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(
                Endpoint.postJson(
                        "training.start", PATH, properties.maxBody(), MediaType.APPLICATION_JSON, this::start),
                Endpoint.get("training.show", PATH + "/{id}", MediaType.APPLICATION_JSON, this::show));
    }

    /** A set-up that fails before anything is ordered costs its caller nothing of the day's quota. */
    private Mono<ServerResponse> start(ServerRequest request) {
        RequestUsage usage = RequestContext.of(request.exchange()).usage();
        usage.add(RequestUsage.CALLS, 0);
        String owner = RequestContext.of(request.exchange()).caller().subject();
        TrainingOwnership ownership =
                new TrainingOwnership(training -> setup.abandon(training, ids.of(training.value(), owner)));
        RequestContext.of(request.exchange()).resources().add(ownership::ended);
        TrainingSetup.Client client = new TrainingSetup.Client(
                () -> usage.add(RequestUsage.CALLS, 1),
                ownership,
                request.exchange().getResponse().bufferFactory());
        return request.bodyToMono(TrainingRequest.class)
                .switchIfEmpty(Mono.error(() -> GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST, "body", "nothing", "a JSON object with images")))
                .map(wanted -> wanted.within(properties.minImages(), properties.maxImages()))
                .flatMap(wanted -> setup.start(wanted, client)
                        .flatMap(queued -> accepted(request, wanted, queued))
                        .doOnNext(answer -> onAnswer(request, ownership)));
    }

    /** What goes out instead, if this answer cannot be written, names no training. */
    private static void onAnswer(ServerRequest request, TrainingOwnership ownership) {
        ServerHttpResponse response = request.exchange().getResponse();
        response.beforeCommit(() -> Mono.fromRunnable(() -> {
            if (HttpStatus.ACCEPTED.equals(response.getStatusCode())) {
                ownership.answered();
            }
        }));
    }

    private Mono<ServerResponse> accepted(ServerRequest request, TrainingRequest wanted, QueuedTraining queued) {
        String id = ids.of(
                queued.providerId(),
                RequestContext.of(request.exchange()).caller().subject());
        String statusUrl = PATH + "/" + id;
        return ServerResponse.accepted()
                .location(URI.create(statusUrl))
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(new Accepted(
                        id,
                        statusUrl,
                        "queued",
                        wanted.triggerWord(),
                        wanted.steps(),
                        wanted.images().size() - queued.skipped().size(),
                        queued.skipped()));
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        String id = request.pathVariable("id");
        return Mono.justOrEmpty(ids.providerId(
                        id, RequestContext.of(request.exchange()).caller().subject()))
                .switchIfEmpty(
                        Mono.error(() -> new GatewayException(ProblemCode.NOT_FOUND, "There is no such training.")))
                .flatMap(setup::poll)
                .flatMap(state -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .contentType(MediaType.APPLICATION_JSON)
                        .bodyValue(described(id, state)));
    }

    private static State described(String id, TrainingState state) {
        return switch (state) {
            case TrainingState.Queued queued -> new State(id, "queued", queued.position(), null, null, null);
            case TrainingState.Running _ -> new State(id, "running", null, null, null, null);
            case TrainingState.Completed done -> new State(id, "completed", null, done.weights(), done.config(), null);
            case TrainingState.Failed failed -> new State(id, "failed", null, null, null, failed.detail());
        };
    }
}
