package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Checks at the start that the bucket can be listed and that objects in it can be stored, read and deleted, then probes
 * in the background what its store can do.
 *
 * <p>A refusal of any of these, or because there is no such bucket, ends the start in the store's own words, since
 * somebody has to do something about it. A store that does not answer or is full does not: it may do so later, and what
 * needs no store is there meanwhile. It is asked again until it can be used, and health says why it cannot.
 */
final class S3StartupCheck implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(S3StartupCheck.class);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
    /** Of which a probe may take the whole time, before it is given up. */
    private static final int CALLS = 4;
    /** Beyond the deadline of the call itself. */
    private static final Duration SLACK = Duration.ofSeconds(1);

    private final S3Store store;
    private final S3Probe probe;
    private final LastWrite lastWrite;
    private final String place;
    private final Duration timeout;
    private final Duration longestProbe;
    private final Disposable.Swap running = Disposables.swap();
    private final AtomicReference<Map<String, Object>> details = new AtomicReference<>(Map.of());

    S3StartupCheck(S3Store store, S3Probe probe, LastWrite lastWrite, S3 settings) {
        this.store = store;
        this.probe = probe;
        this.lastWrite = lastWrite;
        this.place = "bucket " + settings.bucket()
                + (settings.endpoint().isEmpty() ? " in " + settings.region() : " at " + settings.endpoint());
        this.timeout = settings.attemptTimeout();
        this.longestProbe = settings.callTimeout().multipliedBy(CALLS);
    }

    /**
     * Blocks the thread that starts, for one try's time at most, then goes on in the background.
     *
     * @throws CannotStartException if the store refuses
     */
    void start() {
        StorageException failure = firstFailure();
        if (failure != null && isRefusal(failure)) {
            throw new CannotStartException(
                    "No place for images: " + place + ": " + failure.getMessage(),
                    "Check S3_BUCKET, S3_ENDPOINT and S3_REGION, and the credentials. The bucket has to be there, and they"
                            + " have to allow s3:ListBucket of it, s3:GetObject, s3:PutObject and s3:DeleteObject in it.",
                    failure);
        }
        if (failure != null) {
            notYet(failure);
            running.update(first().doOnError(this::notYet)
                    .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_RETRY).maxBackoff(LONGEST_PAUSE))
                    .doOnSuccess(answered -> LOG.info("{} can be used now", place))
                    .then(probed())
                    .subscribe());
        } else {
            running.update(probed().subscribe());
        }
    }

    private Mono<Void> probed() {
        return Mono.defer(probe::run)
                .timeout(
                        longestProbe,
                        Mono.error(() -> new StorageException(Kind.UNAVAILABLE, "no end within " + longestProbe)))
                .doOnNext(this::found)
                .doOnError(this::notProbed)
                .onErrorComplete()
                .then();
    }

    private void found(Map<S3Capability, Boolean> capabilities) {
        Map<String, Boolean> shown = new LinkedHashMap<>();
        List<String> lacks = new ArrayList<>();
        boolean isEnough = true;
        for (S3Capability capability : S3Capability.values()) {
            Boolean has = capabilities.get(capability);
            if (has != null) {
                shown.put(capability.label(), has);
                if (!has) {
                    lacks.add(capability.lack());
                    isEnough &= !capability.isNeeded();
                }
            }
        }
        if (!isEnough) {
            LOG.warn("{} does not do all that the gateway needs: {}", place, String.join("; ", lacks));
        } else if (shown.isEmpty()) {
            LOG.info("{} can be used; none of its abilities could be tried", place);
        } else if (lacks.isEmpty()) {
            LOG.info("{} can be used; it does as Amazon's in all that was tried", place);
        } else {
            LOG.info("{} can be used; the gateway does not rely on what it lacks: {}", place, String.join("; ", lacks));
        }
        details.set(Map.of("abilities", shown));
    }

    private void notProbed(Throwable failure) {
        String why = String.valueOf(failure.getMessage());
        LOG.atWarn()
                .addKeyValue(
                        "failure.code",
                        failure instanceof StorageException known ? known.kind().code() : "unknown")
                .log("{} answers, but nothing could be stored there when it was tried: {}", place, why);
        details.set(Map.of("probe", why));
    }

    private @Nullable StorageException firstFailure() {
        CompletableFuture<@Nullable Void> first = first().toFuture();
        try {
            first.get(timeout.multipliedBy(1 + CALLS).plus(SLACK).toMillis(), TimeUnit.MILLISECONDS);
            return null;
        } catch (ExecutionException failed) {
            return failed.getCause() instanceof StorageException known
                    ? known
                    : new StorageException(Kind.UNAVAILABLE, String.valueOf(failed.getMessage()), failed);
        } catch (TimeoutException late) {
            first.cancel(true);
            return new StorageException(Kind.UNAVAILABLE, "no answer within " + timeout, late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new StorageException(Kind.UNAVAILABLE, "interrupted", interrupted);
        }
    }

    private Mono<Void> first() {
        return within(timeout, store.listOne()).then(within(timeout.multipliedBy(CALLS), Mono.defer(lastWrite::tried)));
    }

    private static Mono<Void> within(Duration time, Mono<Void> calls) {
        return calls.timeout(
                time, Mono.error(() -> new StorageException(Kind.UNAVAILABLE, "no answer within " + time)));
    }

    private static boolean isRefusal(StorageException failure) {
        return failure.kind() == Kind.REFUSED || failure.kind() == Kind.MISSING;
    }

    /** Told once, however often it is asked again. */
    private void notYet(Throwable failure) {
        Map<String, Object> told = Map.of("start", String.valueOf(failure.getMessage()));
        if (details.getAndSet(told).equals(told)) {
            return;
        }
        Kind kind = failure instanceof StorageException known ? known.kind() : Kind.BROKEN;
        LOG.atWarn()
                .addKeyValue("failure.code", kind.code())
                .log(
                        "{} {}, asked again later: {}",
                        place,
                        kind == Kind.UNAVAILABLE ? "does not answer" : "cannot be used",
                        failure.getMessage());
    }

    /** For health: why it could not be used at the start, until it can; then what it can do. */
    Map<String, Object> details() {
        return details.get();
    }

    @Override
    public void close() {
        running.dispose();
    }
}
