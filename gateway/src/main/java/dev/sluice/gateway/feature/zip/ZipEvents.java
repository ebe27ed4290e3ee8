package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.codec.ServerSentEvent;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * One listener's view of a link's download: looks at the board ten times a second and tells what has changed since it
 * last looked. A listener that is slow looks less often; the download never knows.
 */
final class ZipEvents {
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final int LOOKS_PER_HEARTBEAT = 150;
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
    private @Nullable ZipProgress board;
    private ZipProgress.@Nullable Line[] told = new ZipProgress.Line[0];
    private int quietLooks;

    private ZipEvents(LinkedRequest link) {
        this.link = link;
    }

    /**
     * Events {@code image}, {@code totals} and at last {@code end}.
     *
     * @param patience how long to listen at most
     */
    static Flux<ServerSentEvent<Object>> of(LinkedRequest link, Duration patience, Scheduler timer) {
        return Flux.defer(() -> {
            if (!link.addListener(LISTENERS_PER_LINK)) {
                return Flux.error(new GatewayException(
                        ProblemCode.OVERLOADED, "This link has " + LISTENERS_PER_LINK + " listeners already."));
            }
            ZipEvents view = new ZipEvents(link);
            return Flux.interval(Duration.ZERO, LOOK, timer)
                    .onBackpressureDrop()
                    .concatMapIterable(tick -> view.look(), 1)
                    .takeUntil(event -> "end".equals(event.event()))
                    .take(patience, timer)
                    .doFinally(end -> link.removeListener());
        });
    }

    private List<ServerSentEvent<Object>> look() {
        ZipProgress current = link.progress();
        if (current != board) {
            board = current;
            told = new ZipProgress.Line[current.size()];
        }
        // Read before the lines: what is written before the end is then among them.
        boolean ended = current.hasEnded();
        List<ServerSentEvent<Object>> news = new ArrayList<>();
        for (int index = 0; index < told.length; index++) {
            ZipProgress.Line line = current.line(index);
            if (!line.equals(told[index])) {
                told[index] = line;
                news.add(event("image", line));
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
        for (ZipProgress.Line line : told) {
            if (line != null) {
                done += line.state() == ZipProgress.State.DONE ? 1 : 0;
                skipped += line.state() == ZipProgress.State.SKIPPED ? 1 : 0;
                bytes += line.bytes();
            }
        }
        return new Totals(told.length, done, skipped, bytes);
    }

    private static ServerSentEvent<Object> event(String name, Object data) {
        return ServerSentEvent.builder(data).event(name).build();
    }
}
