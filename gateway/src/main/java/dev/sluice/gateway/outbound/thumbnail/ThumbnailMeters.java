package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.storage.StorageException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What can be seen of thumbnails: {@code sluice.thumbnails.made}, images that got theirs, by {@code origin} (intake,
 * background); {@code sluice.thumbnails.failed}, tries that came to nothing, by {@code reason};
 * {@code sluice.thumbnails.given_up}, images that get none; {@code sluice.thumbnails.waiting}, images that have still
 * to get theirs, of all gateways together.
 */
final class ThumbnailMeters {
    private final MeterRegistry meters;
    private final AtomicLong waiting = new AtomicLong();

    ThumbnailMeters(MeterRegistry meters) {
        this.meters = meters;
        Gauge.builder("sluice.thumbnails.waiting", waiting, AtomicLong::get)
                .description("Images that have still to get their thumbnails")
                .register(meters);
    }

    /** Who made them. */
    enum Origin {
        INTAKE,
        BACKGROUND
    }

    void made(Origin origin) {
        Counter.builder("sluice.thumbnails.made")
                .description("Images that got their thumbnails")
                .tag("origin", origin.name().toLowerCase(Locale.ROOT))
                .register(meters)
                .increment();
    }

    void failed(String reason) {
        Counter.builder("sluice.thumbnails.failed")
                .description("Tries to make an image's thumbnails that came to nothing")
                .tag("reason", reason)
                .register(meters)
                .increment();
    }

    void givenUp() {
        Counter.builder("sluice.thumbnails.given_up")
                .description("Images that get no thumbnails")
                .register(meters)
                .increment();
    }

    void waiting(long images) {
        waiting.set(images);
    }

    /** The code of a failure, for meters and rows. */
    static String reason(Throwable failure) {
        return switch (failure) {
            case PictureException bad -> bad.kind().code();
            case DecoderException decoder -> "decoder_" + decoder.kind().name().toLowerCase(Locale.ROOT);
            case TimeoutException _ -> "timeout";
            case StorageException store -> "store_" + store.kind().code();
            case DatabaseException _ -> "database";
            default -> "other";
        };
    }
}
