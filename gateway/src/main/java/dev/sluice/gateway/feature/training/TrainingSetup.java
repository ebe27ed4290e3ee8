package dev.sluice.gateway.feature.training;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.archive.ImageArchives;
import dev.sluice.gateway.contract.archive.SkippedImage;
import dev.sluice.gateway.outbound.ai.training.LoraTrainer;
import dev.sluice.gateway.outbound.ai.training.TrainingState;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.UncancellableCall;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.spool.Spool;
import dev.sluice.gateway.outbound.spool.SpooledBytes;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.ByteStreams;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The use case: images in, a queued training out. Knows nothing of HTTP. Fails with {@link GatewayException}.
 *
 * <pre>
 * a permit ──► disk for the largest archive ──► images become a file ──► enough of them? ──► upload ──► queue
 * └───── one deadline, and a cancel ends it: file, disk and permit are released, nothing is queued ──┘    │
 *                    carried to its end; if its request ends before the answer goes out, cancelled there ◄┘
 * </pre>
 */
final class TrainingSetup {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingSetup.class);
    private static final Duration COME_BACK = Duration.ofSeconds(30);

    /**
     * What all set-ups of the process share.
     *
     * @param permits for set-ups, of which a caller has one
     */
    record Tools(
            ImageArchives archives,
            LoraTrainer trainer,
            CallerShares permits,
            BufferBudget disk,
            Spool spool,
            Scheduler diskThreads,
            Scheduler timer) {}

    private record Uploaded(URI archive, List<SkippedImage> skipped) {}

    private final Tools tools;
    private final TrainingProperties properties;

    TrainingSetup(Tools tools, TrainingProperties properties) {
        this.tools = tools;
        this.properties = properties;
    }

    /**
     * Sets a training up. Cancelling ends the work and frees everything, but for an order that is out already: that is
     * carried to its end, and its id goes to {@code client.ownership()} in every case.
     */
    Mono<QueuedTraining> start(TrainingRequest request, Client client) {
        return tools.trainer()
                .ready()
                .then(Mono.defer(() -> placed(request, client)))
                .onErrorMap(TrainingSetup::problem);
    }

    /**
     * Whose training it is.
     *
     * @param ordered runs right before the provider is asked for what costs
     * @param ownership learns of the training as soon as there is one
     * @param buffers makes the archive's buffers
     */
    record Client(Runnable ordered, TrainingOwnership ownership, DataBufferFactory buffers) {}

    /**
     * Cancels a training that its caller was not told of, at the provider. Does not wait for that, and never fails.
     *
     * @param id for the log, as its caller would have had it
     */
    void abandon(TrainingOwnership.Id training, String id) {
        LOG.atWarn().addKeyValue("training", id).log("a training was queued that nobody waits for; it is cancelled");
        tools.trainer()
                .cancel(training.value())
                .subscribe(
                        nothing -> {},
                        deaf -> LOG.atWarn()
                                .addKeyValue("training", id)
                                .log("a training that nobody waits for was not cancelled: {}", deaf.getMessage()));
    }

    /** How far a training is. */
    Mono<TrainingState> poll(String providerId) {
        return tools.trainer().poll(providerId).onErrorMap(TrainingSetup::problem);
    }

    private Mono<QueuedTraining> placed(TrainingRequest request, Client client) {
        DataBufferFactory buffers = client.buffers();
        long end = now() + properties.deadline().toNanos();
        long most = tools.archives().mostBytes(request.images().size());
        Mono<SpooledBytes> room = tools.disk()
                .reserve(most, Duration.ZERO)
                .map(bytes -> new SpooledBytes(bytes, tools.spool()::open, tools.diskThreads(), buffers));
        return Mono.usingWhen(
                tools.permits().reserve(1, Duration.ZERO),
                permit -> Mono.usingWhen(
                        room,
                        file -> uploaded(request, file, most, buffers)
                                .timeout(properties.deadline(), Mono.error(this::late), tools.timer())
                                .flatMap(uploaded -> queued(request, uploaded, client, end)),
                        file -> Mono.fromRunnable(file::dispose)),
                permit -> Mono.fromRunnable(permit::release));
    }

    private Mono<Uploaded> uploaded(TrainingRequest request, SpooledBytes file, long most, DataBufferFactory buffers) {
        ImageArchives.Archive archive = tools.archives().of(request.images(), request.onError(), buffers);
        AtomicLong length = new AtomicLong();
        return file.receive(ByteStreams.counting(ByteStreams.capped(archive.bytes(), most), length::addAndGet))
                .then(Mono.defer(() -> {
                    checkEnough(request, archive.skipped());
                    LoraTrainer.Archive whole = new LoraTrainer.Archive(length.get(), file::content);
                    return tools.trainer().upload(whole, properties.deadline());
                }))
                .map(url -> new Uploaded(url, archive.skipped()));
    }

    private void checkEnough(TrainingRequest request, List<SkippedImage> skipped) {
        int left = request.images().size() - skipped.size();
        if (left < properties.minImages()) {
            throw new GatewayException(
                            ProblemCode.UPSTREAM_FAILED,
                            left + " of " + request.images().size() + " images could be fetched (expected: at least "
                                    + properties.minImages() + "); nothing was queued.")
                    .with("images", skipped);
        }
    }

    private Mono<QueuedTraining> queued(TrainingRequest request, Uploaded uploaded, Client client, long end) {
        LoraTrainer.Job order = new LoraTrainer.Job(uploaded.archive(), request.triggerWord(), request.steps());
        Mono<String> call = Mono.defer(() -> {
                    client.ordered().run();
                    return tools.trainer().queue(order, Duration.ofNanos(end - now()));
                })
                .doOnNext(client.ownership()::queued);
        return UncancellableCall.of(
                        call,
                        failure -> LOG.warn(
                                "a training that nobody waits for any more was not queued, or is not known to be: {}",
                                failure.getMessage()))
                .doOnNext(id -> LOG.atInfo()
                        .addKeyValue("provider", tools.trainer().provider())
                        .addKeyValue("training", id)
                        .addKeyValue("steps", request.steps())
                        .log("training queued"))
                .map(id -> new QueuedTraining(id, uploaded.skipped()));
    }

    private long now() {
        return tools.timer().now(TimeUnit.NANOSECONDS);
    }

    private GatewayException late() {
        return new GatewayException(
                ProblemCode.UPSTREAM_TIMEOUT,
                "The training was not set up within " + DurationWords.of(properties.deadline())
                        + "; nothing was queued.");
    }

    private static Throwable problem(Throwable failure) {
        return switch (failure) {
            case ProviderException provider -> provider.problem();
            case BudgetExhaustedException full ->
                new GatewayException(
                                ProblemCode.OVERLOADED,
                                "You have a training in setup already, or the gateway has too many. No image was"
                                        + " fetched.",
                                full)
                        .retryAfter(COME_BACK);
            case UncheckedIOException disk -> {
                LOG.warn("cannot keep an archive on disk: {}", disk.getMessage());
                yield new GatewayException(
                                ProblemCode.OVERLOADED,
                                "The archive cannot be kept at present; nothing was queued.",
                                disk)
                        .retryAfter(COME_BACK);
            }
            default -> failure;
        };
    }
}
