package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.contract.archive.SkippedImage;
import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.FetchFailure;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The images of one request on their way in, in its order, a few at a time: arrived whole, or left out, or the end of
 * all of them.
 *
 * <p>For an archive that is sent as they arrive, at most {@code concurrency} images exist at once, the one being sent
 * among them: each takes one of the request's permits before anything else and keeps it until its last byte is handed
 * on. Permits are granted in order, so the head of the archive always has one. For an archive that waits for all of
 * them, a permit is free again when its image is in, and room for all is reserved before the first is fetched.
 */
final class RequestedImages {
    private static final Logger LOG = LoggerFactory.getLogger(RequestedImages.class);

    private static final Duration HEAD_START = Duration.ofMillis(20);

    /** An image that is in, with its position in the request. */
    record Arrived(int index, FetchedImage image) {}

    /** Not fetched to its end: the client has heard nothing for too long. */
    private static final class GivenUpException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GivenUpException() {
            super(null, null, false, false);
        }
    }

    /** Where an image finds room, and what becomes of its permit when it is in. */
    @FunctionalInterface
    private interface Bringing {
        Mono<FetchedImage> bring(int index, Disposable permit);
    }

    private final ZipTools tools;
    private final ZipRequest request;
    private final StoredImages stored;
    private final LocalProgress progress;
    private final DataBufferFactory buffers;
    private final Map<Integer, SkippedImage> skipped = new ConcurrentSkipListMap<>();
    private final List<Sinks.Empty<Void>> ready;
    private final List<Sinks.Empty<Void>> givingUp;
    private final Set<Integer> givenUp = ConcurrentHashMap.newKeySet();
    private final AtomicInteger handedOn = new AtomicInteger(); // index of the image that was handed on last, plus 1
    private volatile boolean anyAdmitted;

    RequestedImages(
            ZipTools tools,
            ZipRequest request,
            StoredImages stored,
            LocalProgress progress,
            DataBufferFactory buffers) {
        this.tools = tools;
        this.request = request;
        this.stored = stored;
        this.progress = progress;
        this.buffers = buffers;
        this.ready = request.images().stream().map(image -> Sinks.<Void>empty()).toList();
        this.givingUp =
                request.images().stream().map(image -> Sinks.<Void>empty()).toList();
    }

    /** Each as it arrives, in order; the next is fetched when an earlier one has been sent. */
    Flux<Arrived> streamed(ArchiveResources owner) {
        signalReady(0);
        return all(
                        owner,
                        (index, permit) -> fromStore(index, owner)
                                .switchIfEmpty(Mono.defer(() -> take(index, owner)))
                                .map(image -> image.withResource(permit)))
                .doOnNext(arrived -> handedOn.set(arrived.index() + 1));
    }

    /** All of them, once the last is in. */
    Mono<List<Arrived>> collected(ArchiveResources owner) {
        if (request.images().size() == 1) { // which holds nothing while it waits
            return streamed(owner).collectList();
        }
        return tools.intake()
                .shares(request.images().size(), tools.properties().queueTimeout())
                .onErrorMap(BudgetExhaustedException.class, this::overloaded)
                .flatMap(shares -> {
                    owner.add(shares);
                    Bringing intoAShare = (index, permit) -> fromStore(index, owner)
                            .switchIfEmpty(Mono.defer(() ->
                                    tools.intake().take(wanted(index, owner), shares, owner, listener(index), buffers)))
                            .doOnNext(image -> permit.dispose());
                    return all(owner, intoAShare).collectList().doOnNext(arrived -> shares.dispose());
                });
    }

    /** Images that are left out, in order. */
    List<SkippedImage> skipped() {
        return List.copyOf(skipped.values());
    }

    /** Gives up what is not in; it counts as failed. */
    void giveUpAll() {
        giveUp(request.images().size());
    }

    /** Gives up what keeps an image waiting that is in, or, if none is, all that are not in. They count as failed. */
    void giveUpBeforeTheNext() {
        int count = request.images().size();
        int next = IntStream.range(handedOn.get(), count)
                .filter(index -> progress.image(index).state() == DownloadProgress.State.DONE)
                .findFirst()
                .orElse(count);
        giveUp(next);
    }

    private void giveUp(int end) {
        for (int index = 0; index < end; index++) {
            if (!progress.image(index).state().isFinal()) {
                givenUp.add(index);
            }
        }
        // Known of all before the first of them fails.
        givenUp.forEach(index -> givingUp.get(index).tryEmitEmpty());
    }

    private Flux<Arrived> all(ArchiveResources owner, Bringing how) {
        int count = request.images().size();
        int concurrency = tools.properties().concurrency();
        BufferBudget permits = new BufferBudget(concurrency, count, tools.timer());
        return Flux.range(0, count).flatMapSequential(index -> image(index, permits, owner, how), concurrency, 1);
    }

    private Mono<Arrived> image(int index, BufferBudget permits, ArchiveResources owner, Bringing how) {
        return permits.reserve(1, tools.properties().archiveTimeout()).flatMap(permit -> {
            Disposable resources = Disposables.composite(permit::release);
            owner.add(resources);
            Mono<FetchedImage> tooLate = givingUp.get(index).asMono().then(Mono.error(GivenUpException::new));
            Mono<FetchedImage> brought = headStart(index).then(Mono.defer(() -> how.bring(index, resources)));
            return Mono.firstWithSignal(tooLate, brought)
                    .map(image -> new Arrived(index, image))
                    .doOnNext(arrived -> progress.done(index))
                    .onErrorResume(failure -> {
                        resources.dispose();
                        return skipOrFail(index, failure);
                    })
                    .doOnTerminate(() -> signalReady(index + 1));
        });
    }

    /**
     * Completes when the image before this one is in, or after a while. Of a near origin an image is in sooner when it
     * comes alone, and then the next one comes while it is sent; a far one is asked for several all the same.
     */
    private Mono<Void> headStart(int index) {
        return index == 0
                ? Mono.empty()
                : Mono.firstWithSignal(
                        ready.get(index).asMono(),
                        Mono.delay(HEAD_START, tools.timer()).then());
    }

    private void signalReady(int index) {
        if (index < ready.size()) {
            ready.get(index).tryEmitEmpty();
        }
    }

    private ImageIntake.Wanted wanted(int index, ArchiveResources owner) {
        return new ImageIntake.Wanted(
                request.images().get(index).url(),
                (bytes, resources) -> stored.copyInto(index, bytes, owner, resources, buffers));
    }

    /** It needs no room, and has all of its bytes at once. */
    private Mono<FetchedImage> fromStore(int index, ArchiveResources owner) {
        ImageIntake.Listener listener = listener(index);
        return stored.take(index, owner::add, buffers).doOnNext(image -> {
            long size = image.size();
            listener.admitted();
            listener.receiving(() -> size);
        });
    }

    private Mono<FetchedImage> take(int index, ArchiveResources owner) {
        ZipProperties properties = tools.properties();
        ImageIntake.Listener listener = listener(index);
        ImageIntake.Wanted wanted = wanted(index, owner);
        Mono<Void> turn = ready.get(index).asMono();
        Mono<FetchedImage> first =
                tools.intake().take(wanted, turn, properties.queueTimeout(), owner, listener, buffers);
        // With others of its request on their way an image may wait longer: the archive has begun.
        Mono<FetchedImage> again =
                tools.intake().take(wanted, turn, properties.imageTimeout(), owner, listener, buffers);
        return first.onErrorResume(
                BudgetExhaustedException.class, noRoom -> anyAdmitted ? again : Mono.error(overloaded(noRoom)));
    }

    private ImageIntake.Listener listener(int index) {
        return new ImageIntake.Listener() {
            @Override
            public void admitted() {
                anyAdmitted = true;
                progress.begun(index, () -> 0);
            }

            @Override
            public void receiving(LongSupplier bytes) {
                progress.begun(index, bytes);
            }
        };
    }

    private GatewayException overloaded(Throwable cause) {
        return new GatewayException(
                        ProblemCode.OVERLOADED, "No room for another archive at present; nothing was fetched.", cause)
                .retryAfter(tools.properties().queueTimeout());
    }

    private Mono<Arrived> skipOrFail(int index, Throwable failure) {
        if (failure instanceof GatewayException whole && whole.code() == ProblemCode.OVERLOADED) {
            return Mono.error(whole);
        }
        GatewayException fatal = skip(index, failure);
        return fatal == null ? Mono.empty() : Mono.error(fatal);
    }

    /** Notes that an image is left out. What that means for the whole archive: null if it goes on without it. */
    @Nullable GatewayException skip(int index, Throwable failure) {
        SkippedImage image = describe(index, failure);
        skipped.put(index, image);
        progress.skipped(index, image.code());
        return request.onError() == OnError.SKIP
                ? null
                : new GatewayException(ProblemCode.UPSTREAM_FAILED, "images[" + index + "]: " + image.detail(), failure)
                        .with("images", withOthersGivenUp(image));
    }

    /** The one that failed; and if it was given up, all that were with it. */
    private List<SkippedImage> withOthersGivenUp(SkippedImage image) {
        Stream<SkippedImage> others = givenUp.stream()
                .filter(index -> index > image.index())
                .sorted()
                .map(index -> describe(index, new GivenUpException()));
        return Stream.concat(Stream.of(image), others).toList();
    }

    private SkippedImage describe(int index, Throwable failure) {
        RemoteImage ref = request.images().get(index);
        String code;
        String detail;
        switch (failure) {
            case FetchException known -> {
                code = known.failure().code();
                detail = String.valueOf(known.getMessage());
            }
            case BudgetExhaustedException _ -> {
                code = FetchFailure.TIMED_OUT.code();
                detail = "No room for the image in time.";
            }
            case GivenUpException _ -> {
                code = FetchFailure.TIMED_OUT.code();
                detail = "Given up: nothing of the archive had come for "
                        + DurationWords.of(tools.properties().longestSilence()) + ".";
            }
            default -> {
                LOG.error("images[{}] failed in a way nobody foresaw", index, failure);
                code = FetchFailure.CONNECTION_FAILED.code();
                detail = "The image could not be stored.";
            }
        }
        return new SkippedImage(index, ref.url(), ref.name(), code, detail);
    }
}
