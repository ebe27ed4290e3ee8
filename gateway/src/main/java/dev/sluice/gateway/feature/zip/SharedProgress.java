package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.feature.zip.DownloadProgress.ImageProgress;
import dev.sluice.gateway.feature.zip.DownloadProgress.State;
import dev.sluice.gateway.outbound.redis.RedisUnavailableException;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The progress of downloads behind links in Redis: the gateway that downloads writes it, every gateway reads it.
 *
 * <pre>
 * zip:board:&lt;token&gt;  hash  number  of the download that began last, from 1
 *                          lines   its progress: "running" or "ended", and of each image a line feed and what
 *                                  {@link #text} writes
 *                          beats   how often its gateway has written; one that writes no more is gone
 *                          heard   until when somebody listens, ms of Redis' clock
 * </pre>
 *
 * The key expires. Nobody waits for Redis: without it a download goes on as fast, and a listener then gets what its own
 * gateway knows.
 */
final class SharedProgress {
    /** While somebody listens, and while nobody does. */
    private static final Duration OFTEN = Duration.ofMillis(250);

    private static final Duration SELDOM = Duration.ofSeconds(1);
    private static final String LISTENS_MILLIS = "3000";
    /** Attempts to write the end while Redis does not answer. */
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
    SharedProgress(SharedRedis redis, Duration ttl, Duration longest, Scheduler timer) {
        this.redis = redis;
        this.ttl = ttl.plus(longest);
        this.longest = longest;
        this.timer = timer;
    }

    /**
     * The progress that the downloading gateway, this one or another, has last written.
     *
     * @param number of that download
     * @param heartbeats how often it was written
     * @param text what {@link SharedProgress#text} wrote
     */
    record Snapshot(long number, long heartbeats, String text) {
        boolean hasEnded() {
            return text.startsWith(ENDED);
        }

        /** The progress of these images; one that the text does not mention is still queued. */
        ImageProgress[] images(List<RemoteImage> images) {
            String[] lines = text.split("\n", -1);
            ImageProgress[] all = new ImageProgress[images.size()];
            for (int index = 0; index < all.length; index++) {
                all[index] = image(index, images.get(index).url(), index + 1 < lines.length ? lines[index + 1] : "");
            }
            return all;
        }
    }

    /** Writes the progress in the background until it has ended, or until another download of the link replaces it. */
    void write(String token, LocalProgress progress) {
        // The longest download, and time to say that it has ended.
        Duration most = longest.plus(SELDOM.multipliedBy(LAST_TRIES));
        var _ = step(token, progress, Step.FIRST)
                .expand(last -> last.isOver()
                        ? Mono.empty()
                        : Mono.delay(last.isHeard() ? OFTEN : SELDOM, timer)
                                .then(Mono.defer(() -> step(token, progress, last))))
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

    private Mono<Step> step(String token, LocalProgress progress, Step last) {
        boolean ended = progress.hasEnded();
        String lines = ended || last.isHeard() ? text(progress, ended) : "";
        return redis.ask(commands -> commands.<List<Long>>eval(
                                WRITE,
                                ScriptOutputType.MULTI,
                                new String[] {key(token)},
                                Long.toString(progress.number()),
                                lines,
                                Long.toString(ttl.toMillis()))
                        .next())
                .map(answer -> {
                    long number = answer.getFirst();
                    progress.numbered(number);
                    return new Step(answer.getLast() == 1, ended || number == 0, 0);
                })
                .onErrorResume(RedisUnavailableException.class, down -> Mono.just(last.failed(ended)));
    }

    /** What is written of a link's latest download, or empty when there was none. Says that somebody listens. */
    Mono<Snapshot> read(String token) {
        return redis.ask(commands -> commands.<List<@Nullable String>>eval(
                                READ,
                                ScriptOutputType.MULTI,
                                new String[] {key(token)},
                                LISTENS_MILLIS,
                                Long.toString(ttl.toMillis()))
                        .next())
                .mapNotNull(values -> {
                    String number = values.get(0);
                    String heartbeats = values.get(1);
                    String lines = values.get(2);
                    return number == null || heartbeats == null || lines == null
                            ? null
                            : new Snapshot(Long.parseLong(number), Long.parseLong(heartbeats), lines);
                });
    }

    private String key(String token) {
        return redis.key("zip:board:" + token);
    }

    private static String text(DownloadProgress progress, boolean ended) {
        StringBuilder text = new StringBuilder(ended ? ENDED : RUNNING);
        for (int index = 0; index < progress.size(); index++) {
            ImageProgress image = progress.image(index);
            text.append('\n').append(image.state().name()).append(' ').append(image.bytes());
            if (image.code() != null) {
                text.append(' ').append(image.code());
            }
        }
        return text.toString();
    }

    /** Another release may have written it: an image whose text cannot be read counts as queued. */
    private static ImageProgress image(int index, String url, String text) {
        String[] parts = text.split(" ", 3);
        for (State state : State.values()) {
            if (parts.length > 1 && state.name().equals(parts[0]) && parts[1].matches("[0-9]{1,18}")) {
                return new ImageProgress(
                        index, url, state, Long.parseLong(parts[1]), parts.length > 2 ? parts[2] : null);
            }
        }
        return new ImageProgress(index, url, State.QUEUED, 0, null);
    }
}
