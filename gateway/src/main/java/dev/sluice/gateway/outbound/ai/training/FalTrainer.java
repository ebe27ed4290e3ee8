package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.fetch.FetchTransport;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.http.ExactLengthBody;
import dev.sluice.gateway.outbound.http.JsonCall;
import dev.sluice.gateway.outbound.http.ProviderClient;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ProviderRetries;
import dev.sluice.gateway.outbound.retry.CallDeadline;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * fal's HTTP API, each call one try but for the parts of an archive, which are retried one by one. Trainings are asked
 * for by id at the configured URL; of the URLs in its answers one is used: where an archive is to be put, if that is
 * where archives may be put, at an address that may be reached, and without the key. No cookie is kept, no redirect
 * followed. Closing it closes its connections; the event loops belong to somebody else.
 */
public final class FalTrainer implements LoraTrainer, AutoCloseable {
    /** As fal's own clients do it. */
    private static final int PART_RETRIES = 2;

    private static final MediaType ZIP = MediaType.parseMediaType("application/zip");

    private final FalSettings settings;
    private final FalJson json;
    private final RetryPolicy partRetries;
    private final Scheduler timer;
    private final ProviderClient http;
    private final ProviderClient uploads;

    /**
     * Judges what fal's answers name.
     *
     * @param urls the URL where an archive is to be put
     * @param transport judges the address that it leads to
     */
    public record Guards(OriginUrls urls, FetchTransport transport) {}

    /**
     * A client with connections of its own.
     *
     * @param loops the event loops to run on
     * @param retryPause before a part of an archive is sent again
     * @param timer for the bounds of a try
     */
    public FalTrainer(
            FalSettings settings,
            LoopResources loops,
            JsonMapper mapper,
            Guards guards,
            Duration retryPause,
            Scheduler timer) {
        this.settings = settings;
        this.json = new FalJson(mapper, settings, guards.urls());
        this.partRetries = ProviderRetries.policy(retryPause, PART_RETRIES);
        this.timer = timer;
        this.http = new ProviderClient(
                bounds("sluice-fal", settings.tryTimeout()),
                List.of(settings.queueUrl(), settings.storageUrl()),
                loops);
        List<URI> anyPlace = settings.uploads().schemes().stream()
                .map(scheme -> URI.create(scheme + "://uploads.invalid"))
                .toList();
        this.uploads = new ProviderClient(
                bounds("sluice-fal-uploads", settings.uploadTimeout()), anyPlace, loops, guards.transport()::guarded);
    }

    private ProviderClient.Bounds bounds(String name, Duration longestSilence) {
        return new ProviderClient.Bounds(
                name,
                settings.userAgent(),
                settings.connectTimeout(),
                longestSilence,
                settings.maxAnswer(),
                settings.connections());
    }

    @Override
    public String provider() {
        return "fal";
    }

    @Override
    public Mono<Void> ready() {
        return settings.apiKey().isSet()
                ? Mono.empty()
                : Mono.error(() -> new ProviderException(
                        ProviderFailure.NOT_CONFIGURED, "This gateway has no key for its training provider."));
    }

    /** A place for each try: one that a try was broken off at may not take another. */
    @Override
    public Mono<URI> upload(LoraTrainer.Archive archive, Duration within) {
        return Mono.defer(() -> {
            CallDeadline end = CallDeadline.in(within, timer);
            return archive.length() > settings.archives().largestPut().toBytes()
                    ? target(settings.initiationOfParts()).flatMap(target -> putParts(target, archive, end))
                    : target(settings.initiation()).flatMap(target -> put(target, archive));
        });
    }

    private Mono<FalJson.UploadTarget> target(URI initiation) {
        WebClient.RequestHeadersSpec<?> request = posted(initiation, json.initiation());
        if (!settings.archives().expiry().isZero()) {
            request.header("X-Fal-Object-Lifecycle", json.lifecycle());
        }
        return tried(request).json(settings.tryTimeout(), timer).map(json::target);
    }

    private Mono<URI> put(FalJson.UploadTarget target, LoraTrainer.Archive archive) {
        ExactLengthBody body = archive.part(0, archive.length());
        return tried(put(target.upload(), body, archive.length()).contentType(ZIP))
                .withoutBody(settings.uploadTimeout(), timer)
                .onErrorMap(failure -> body.failure() == null ? failure : body.failure())
                .thenReturn(target.file());
    }

    /** One part after the other, each again when it failed, then the list of all. */
    private Mono<URI> putParts(FalJson.UploadTarget target, LoraTrainer.Archive archive, CallDeadline end) {
        long size = settings.archives().part().toBytes();
        int parts = Math.toIntExact(Math.ceilDiv(archive.length(), size));
        return Flux.range(0, parts)
                .concatMap(index -> {
                    long position = index * size;
                    long count = Math.min(size, archive.length() - position);
                    return putPart(target.part(index + 1), archive, position, count, end);
                })
                .collectList()
                .flatMap(tags -> tried(uploads.client()
                                .post()
                                .uri(target.completion())
                                .contentType(MediaType.APPLICATION_JSON)
                                .bodyValue(json.completion(tags)))
                        .withoutBody(settings.tryTimeout(), timer))
                .thenReturn(target.file());
    }

    private Mono<String> putPart(URI url, LoraTrainer.Archive archive, long position, long count, CallDeadline end) {
        return Mono.defer(() -> {
                    ExactLengthBody body = archive.part(position, count);
                    return tried(put(url, body, count))
                            .json(settings.uploadTimeout(), timer)
                            .onErrorMap(failure -> body.failure() == null ? failure : body.failure());
                })
                .retryWhen(partRetries.until(end, ProviderRetries.failures(provider())))
                .map(json::tag);
    }

    private WebClient.RequestBodySpec put(URI url, ExactLengthBody body, long length) {
        WebClient.RequestBodySpec request = uploads.client().put().uri(url).contentLength(length);
        request.body(BodyInserters.fromDataBuffers(body.buffers()));
        return request;
    }

    /** Half an answer comes from somewhere on the way and tells nothing of what lies behind. */
    @Override
    public Mono<String> queue(LoraTrainer.Job order, Duration within) {
        Duration timeout = within.compareTo(settings.tryTimeout()) < 0 ? within : settings.tryTimeout();
        if (!timeout.isPositive()) {
            return Mono.error(() ->
                    new ProviderException(ProviderFailure.TIMED_OUT, "There was no time left to queue the training."));
        }
        return Mono.defer(() -> new JsonCall(
                        posted(settings.queueing(), json.write(order)),
                        json.reader(),
                        json::orderRefused,
                        settings.maxAnswer())
                .nonIdempotent(timeout, timer)
                .onErrorMap(ProviderException.class, FalTrainer::uncertain)
                .map(json::queued));
    }

    private static ProviderException uncertain(ProviderException failure) {
        return switch (failure.failure()) {
            case STALLED, BROKEN_ANSWER -> FalJson.uncertain(failure);
            default -> failure;
        };
    }

    @Override
    public Mono<TrainingState> poll(String id) {
        return ready().then(Mono.defer(() -> tried(read(settings.status(id))).json(settings.tryTimeout(), timer)))
                .flatMap(answer -> Mono.justOrEmpty(json.state(answer)).switchIfEmpty(result(id)));
    }

    /** Who failed is told so by the result: the provider took the request, and refuses to answer with it. */
    private Mono<TrainingState> result(String id) {
        return Mono.defer(() -> tried(read(settings.result(id))).json(settings.tryTimeout(), timer))
                .map(json::completed)
                .onErrorResume(
                        ProviderException.class,
                        failure -> failure.failure() == ProviderFailure.REFUSED
                                ? Mono.just(new TrainingState.Failed(String.valueOf(failure.getMessage())))
                                : Mono.error(failure));
    }

    @Override
    public Mono<Void> cancel(String id) {
        return Mono.defer(() -> tried(authorized(http.client().put().uri(settings.cancellation(id))))
                .withoutBody(settings.tryTimeout(), timer));
    }

    private WebClient.RequestHeadersSpec<?> posted(URI url, byte[] body) {
        return authorized(http.client().post().uri(url))
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(body);
    }

    private WebClient.RequestHeadersSpec<?> read(URI url) {
        return authorized(http.client().get().uri(url));
    }

    private <S extends WebClient.RequestHeadersSpec<?>> S authorized(S request) {
        request.header(HttpHeaders.AUTHORIZATION, "Key " + settings.apiKey().value())
                .accept(MediaType.APPLICATION_JSON);
        return request;
    }

    private JsonCall tried(WebClient.RequestHeadersSpec<?> request) {
        return new JsonCall(request, json.reader(), settings.maxAnswer());
    }

    @Override
    public void close() {
        http.close();
        uploads.close();
    }
}
