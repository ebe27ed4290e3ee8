package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.feature.zip.Board.Line;
import dev.sluice.gateway.feature.zip.Board.State;
import dev.sluice.gateway.outbound.redis.RedisUnavailableException;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Boards of downloads behind links, which the gateway that downloads writes and every gateway on the same Redis reads.
 *
 * <pre>
 * zip:board:&lt;token&gt;  hash  number  of the download that began last, from 1
 *                          lines   its board: "running" or "ended", and of each image a line feed and what
 *                                  {@link #text} writes
 *                          beats   how often its gateway has written; one that writes no more is gone
 *                          heard   until when somebody listens, ms of Redis' clock
 * </pre>
 *
 * It goes with its TTL. Nobody waits for it: a download goes on as fast without Redis, and a listener is then told what
 * its own gateway knows.
 */
final class SharedBoards {
    /** While somebody listens, and while nobody does. */
    private static final Duration OFTEN = Duration.ofMillis(250);

    private static final Duration SELDOM = Duration.ofSeconds(1);
    private static final String LISTENS_MILLIS = "3000";
    /** So often the end is told to a Redis that does not answer. */
    private static final int LAST_TRIES = 30;

    private static final String RUNNING = "running";
    private static final String ENDED = "ended";

    /** Answers the download's number, 0 once another one began, and whether somebody listens. */
    private static final String WRITE = """
            local key, number, lines, ttl = KEYS[1], tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
            local last = tonumber(redis.call('HGET', key, 'number') or '0')
            if number == 0 then number = last + 1 elseif number < last then return {0, 0} end
            -- The first write is one that Redis refuses when its memory is full: all or nothing.
            redis.call('HSET', key, 'number', string.format('%.0f', number))
            if lines ~= '' then redis.call('HSET', key, 'lines', lines) end
            redis.call('HINCRBY', key, 'beats', 1)
            redis.call('PEXPIRE', key, math.max(ttl, redis.call('PTTL', key)))
            local time = redis.call('TIME')
            local heard = tonumber(redis.call('HGET', key, 'heard') or '0')
            return {number, heard > time[1] * 1000 + math.floor(time[2] / 1000) and 1 or 0}
            """;

    private static final String READ = """
            local key, listens, ttl = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
            local time = redis.call('TIME')
            redis.call('HSET', key, 'heard', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + listens))
            redis.call('PEXPIRE', key, math.max(ttl, redis.call('PTTL', key)))
            return redis.call('HMGET', key, 'number', 'beats', 'lines')
            """;

    private final SharedRedis redis;
    private final Duration ttl;
    private final Duration longest;
    private final Scheduler timer;

    /**
     * @param ttl of a link
     * @param longest of a download
     */
    SharedBoards(SharedRedis redis, Duration ttl, Duration longest, Scheduler timer) {
        this.redis = redis;
        this.ttl = ttl.plus(longest);
        this.longest = longest;
        this.timer = timer;
    }

    /**
     * What another gateway, or this one, has written of the download that began last.
     *
     * @param number of that download
     * @param beats how often it was written
     */
    record Written(long number, long beats, String lines) {
        boolean hasEnded() {
            return lines.startsWith(ENDED);
        }

        /** The lines of that many images; those that are not told are queued still. */
        Line[] lines(List<RemoteImage> images) {
            String[] told = lines.split("\n", -1);
            Line[] all = new Line[images.size()];
            for (int index = 0; index < all.length; index++) {
                all[index] = line(index, images.get(index).url(), index + 1 < told.length ? told[index + 1] : "");
            }
            return all;
        }
    }

    /**
     * Writes a board until it has ended, in the background. Another download of the link that begins meanwhile takes
     * its place.
     */
    void write(String token, ZipProgress board) {
        // The longest download, and time to say that it has ended.
        Duration most = longest.plus(SELDOM.multipliedBy(LAST_TRIES));
        var _ = step(token, board, Step.FIRST)
                .expand(last -> last.isOver()
                        ? Mono.empty()
                        : Mono.delay(last.isHeard() ? OFTEN : SELDOM, timer)
                                .then(Mono.defer(() -> step(token, board, last))))
                .take(most, timer)
                .subscribe();
    }

    /**
     * How far the writing is.
     *
     * @param isHeard somebody listens
     * @param isOver nothing is to be written any more
     * @param failuresAtTheEnd how often the end could not be written
     */
    private record Step(boolean isHeard, boolean isOver, int failuresAtTheEnd) {
        static final Step FIRST = new Step(true, false, 0);

        Step failed(boolean atTheEnd) {
            int failures = failuresAtTheEnd + (atTheEnd ? 1 : 0);
            return new Step(false, failures >= LAST_TRIES, failures);
        }
    }

    private Mono<Step> step(String token, ZipProgress board, Step last) {
        boolean ended = board.hasEnded();
        String lines = ended || last.isHeard() ? text(board, ended) : "";
        return redis.ask(commands -> commands.<List<Long>>eval(
                                WRITE,
                                ScriptOutputType.MULTI,
                                new String[] {key(token)},
                                Long.toString(board.number()),
                                lines,
                                Long.toString(ttl.toMillis()))
                        .next())
                .map(answer -> {
                    long number = answer.getFirst();
                    board.numbered(number);
                    return new Step(answer.getLast() == 1, ended || number == 0, 0);
                })
                .onErrorResume(RedisUnavailableException.class, down -> Mono.just(last.failed(ended)));
    }

    /** What is written of a link's latest download, or empty when there was none. Says that somebody listens. */
    Mono<Written> read(String token) {
        return redis.ask(commands -> commands.<List<@Nullable String>>eval(
                                READ,
                                ScriptOutputType.MULTI,
                                new String[] {key(token)},
                                LISTENS_MILLIS,
                                Long.toString(ttl.toMillis()))
                        .next())
                .mapNotNull(values -> {
                    String number = values.get(0);
                    String beats = values.get(1);
                    String lines = values.get(2);
                    return number == null || beats == null || lines == null
                            ? null
                            : new Written(Long.parseLong(number), Long.parseLong(beats), lines);
                });
    }

    private String key(String token) {
        return redis.key("zip:board:" + token);
    }

    private static String text(Board board, boolean ended) {
        StringBuilder text = new StringBuilder(ended ? ENDED : RUNNING);
        for (int index = 0; index < board.size(); index++) {
            Line line = board.line(index);
            text.append('\n').append(line.state().name()).append(' ').append(line.bytes());
            if (line.code() != null) {
                text.append(' ').append(line.code());
            }
        }
        return text.toString();
    }

    /** Of another release, perhaps: what cannot be read is queued. */
    private static Line line(int index, String url, String text) {
        String[] parts = text.split(" ", 3);
        for (State state : State.values()) {
            if (parts.length > 1 && state.name().equals(parts[0]) && parts[1].matches("[0-9]{1,18}")) {
                return new Line(index, url, state, Long.parseLong(parts[1]), parts.length > 2 ? parts[2] : null);
            }
        }
        return new Line(index, url, State.QUEUED, 0, null);
    }
}
