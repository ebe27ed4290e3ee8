package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.redis.RedisUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.codec.ServerSentEvent;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * One listener's view of a link's download: polls its progress ten times a second and emits what has changed. A slow
 * listener polls less often; the download is not affected.
 */
final class ZipEvents {
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final int LOOKS_PER_HEARTBEAT = 150;
    private static final int LOOKS_PER_QUESTION = 3;
    private static final int LOOKS_PER_IDLE_QUESTION = 10;
    private static final int LISTENERS_PER_LINK = 16;

    /**
     * Where the whole archive is.
     *
     * @param images in the request
     * @param done arrived whole
     * @param skipped left out
     * @param bytes of all images so far
     */
    record Totals(int images, int done, int skipped, long bytes) {}

    private final LinkedRequest link;
    private final Mono<SharedProgress.Snapshot> elsewhere;
    private @Nullable RemoteProgress shared;
    private @Nullable DownloadProgress last;
    private DownloadProgress.@Nullable ImageProgress[] sent = new DownloadProgress.ImageProgress[0];
    private int looks;
    private int quietLooks;

    private ZipEvents(LinkedRequest link, Mono<SharedProgress.Snapshot> elsewhere) {
        this.link = link;
        this.elsewhere = elsewhere.doOnNext(this::found).onErrorComplete(RedisUnavailableException.class);
    }

    /**
     * Events {@code image}, {@code totals} and at last {@code end}.
     *
     * @param elsewhere asks what is written of the link's latest download, wherever it runs
     * @param timeout how long to listen at most
     */
    static Flux<ServerSentEvent<Object>> of(
            LinkedRequest link, Mono<SharedProgress.Snapshot> elsewhere, Duration timeout, Scheduler timer) {
        return Flux.defer(() -> {
            if (!link.addListener(LISTENERS_PER_LINK)) {
                return Flux.error(new GatewayException(
                        ProblemCode.OVERLOADED, "This link has " + LISTENERS_PER_LINK + " listeners already."));
            }
            ZipEvents view = new ZipEvents(link, elsewhere);
            return Flux.interval(Duration.ZERO, LOOK, timer)
                    .onBackpressureDrop()
                    .concatMap(tick -> view.asked().thenMany(Flux.defer(() -> Flux.fromIterable(view.look()))), 1)
                    .takeUntil(event -> "end".equals(event.event()))
                    .take(timeout, timer)
                    .doFinally(end -> link.removeListener());
        });
    }

    /** Asks for what another gateway has written, now and then, unless a download runs here. */
    private Mono<SharedProgress.Snapshot> asked() {
        boolean runsHere = link.hasBegun() && !link.progress().hasEnded();
        boolean runsElsewhere = shared != null && !shared.hasEnded();
        boolean isDue = looks++ % (runsElsewhere ? LOOKS_PER_QUESTION : LOOKS_PER_IDLE_QUESTION) == 0;
        return isDue && !runsHere ? elsewhere : Mono.empty();
    }

    private void found(SharedProgress.Snapshot written) {
        if (shared == null || shared.number() != written.number()) {
            shared = new RemoteProgress(link.request().images(), written);
        } else {
            shared.read(written);
        }
    }

    /** That of the download that began last, as far as it is known here. */
    private DownloadProgress current() {
        LocalProgress here = link.progress();
        boolean isHere = link.hasBegun() && (here.number() == 0 || shared == null || here.number() >= shared.number());
        return isHere || shared == null ? here : shared;
    }

    private List<ServerSentEvent<Object>> look() {
        DownloadProgress current = current();
        if (!current.equals(last)) {
            last = current;
            sent = new DownloadProgress.ImageProgress[current.size()];
        }
        boolean ended = current.hasEnded();
        List<ServerSentEvent<Object>> news = new ArrayList<>();
        for (int index = 0; index < sent.length; index++) {
            DownloadProgress.ImageProgress image = current.image(index);
            if (!image.equals(sent[index])) {
                sent[index] = image;
                news.add(event("image", image));
            }
        }
        if (!news.isEmpty()) {
            news.add(event("totals", totals()));
        }
        if (ended) {
            news.add(event("end", totals()));
        }
        quietLooks = news.isEmpty() ? quietLooks + 1 : 0;
        if (quietLooks == LOOKS_PER_HEARTBEAT) {
            quietLooks = 0;
            // Writing is the only way to learn that a listener has left.
            news.add(ServerSentEvent.builder().comment("still here").build());
        }
        return news;
    }

    private Totals totals() {
        int done = 0;
        int skipped = 0;
        long bytes = 0;
        for (DownloadProgress.ImageProgress image : sent) {
            if (image != null) {
                done += image.state() == DownloadProgress.State.DONE ? 1 : 0;
                skipped += image.state() == DownloadProgress.State.SKIPPED ? 1 : 0;
                bytes += image.bytes();
            }
        }
        return new Totals(sent.length, done, skipped, bytes);
    }

    private static ServerSentEvent<Object> event(String name, Object data) {
        return ServerSentEvent.builder(data).event(name).build();
    }
}
