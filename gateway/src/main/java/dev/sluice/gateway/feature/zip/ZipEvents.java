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
 * One listener's view of a link's download: looks at the board ten times a second and tells what has changed since it
 * last looked. A listener that is slow looks less often; the download never knows.
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
    private final Mono<SharedBoards.Written> elsewhere;
    private @Nullable SharedBoard shared;
    private @Nullable Board board;
    private Board.@Nullable Line[] told = new Board.Line[0];
    private int looks;
    private int quietLooks;

    private ZipEvents(LinkedRequest link, Mono<SharedBoards.Written> elsewhere) {
        this.link = link;
        this.elsewhere = elsewhere.doOnNext(this::found).onErrorComplete(RedisUnavailableException.class);
    }

    /**
     * Events {@code image}, {@code totals} and at last {@code end}.
     *
     * @param elsewhere asks what is written of the link's latest download, wherever it runs
     * @param patience how long to listen at most
     */
    static Flux<ServerSentEvent<Object>> of(
            LinkedRequest link, Mono<SharedBoards.Written> elsewhere, Duration patience, Scheduler timer) {
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
                    .take(patience, timer)
                    .doFinally(end -> link.removeListener());
        });
    }

    /** Asks for what another gateway has written, now and then, unless a download runs here. */
    private Mono<SharedBoards.Written> asked() {
        boolean runsHere = link.hasBegun() && !link.progress().hasEnded();
        boolean runsElsewhere = shared != null && !shared.hasEnded();
        boolean isDue = looks++ % (runsElsewhere ? LOOKS_PER_QUESTION : LOOKS_PER_IDLE_QUESTION) == 0;
        return isDue && !runsHere ? elsewhere : Mono.empty();
    }

    private void found(SharedBoards.Written written) {
        if (shared == null || shared.number() != written.number()) {
            shared = new SharedBoard(link.request().images(), written);
        } else {
            shared.read(written);
        }
    }

    /** That of the download that began last, as far as it is known here. */
    private Board current() {
        ZipProgress here = link.progress();
        boolean isHere = link.hasBegun() && (here.number() == 0 || shared == null || here.number() >= shared.number());
        return isHere || shared == null ? here : shared;
    }

    private List<ServerSentEvent<Object>> look() {
        Board current = current();
        if (!current.equals(board)) {
            board = current;
            told = new Board.Line[current.size()];
        }
        boolean ended = current.hasEnded();
        List<ServerSentEvent<Object>> news = new ArrayList<>();
        for (int index = 0; index < told.length; index++) {
            Board.Line line = current.line(index);
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
        for (Board.Line line : told) {
            if (line != null) {
                done += line.state() == Board.State.DONE ? 1 : 0;
                skipped += line.state() == Board.State.SKIPPED ? 1 : 0;
                bytes += line.bytes();
            }
        }
        return new Totals(told.length, done, skipped, bytes);
    }

    private static ServerSentEvent<Object> event(String name, Object data) {
        return ServerSentEvent.builder(data).event(name).build();
    }
}
