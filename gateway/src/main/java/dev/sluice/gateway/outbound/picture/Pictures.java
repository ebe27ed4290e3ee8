package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.fetch.ImageType;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.Work;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Image files as they are seen: measured, decoded within bounds that all share, made smaller. Thread-safe. */
public final class Pictures {
    /** Every width that a thumbnail can have, in pixels, ascending: a closed set. */
    public static final List<Integer> WIDTHS = List.of(160, 320, 640, 1280);

    private final PictureIntake intake;

    /** Pictures that come in through {@code intake}. */
    Pictures(PictureIntake intake) {
        this.intake = intake;
    }

    /** Formats that the decoder in use reads. A file of any other fails as unsupported. */
    public Set<ImageType> keptTypes() {
        return intake.keptTypes();
    }

    /**
     * Decodes every pixel of a file, makes thumbnails, and lets {@code use} have all of it; the files are gone when
     * that has ended, however it ended. The source bounds how many bytes come.
     *
     * <p>Fails with {@link PictureException} for what is no picture that can be kept, with {@link DecoderException} if
     * the decoder failed at it or no decoder was free in time, or as {@code source} or {@code use} does.
     *
     * @param work whose turn it takes
     * @param widths of {@link #WIDTHS}, ascending, may be empty. Those that are not less than the picture's own are
     *     left out, and so are those at which its height would be more than a WebP file can have
     */
    public <T> Mono<T> decoded(
            PictureIntake.Source source, Work work, List<Integer> widths, Function<ReceivedFile, Mono<T>> use) {
        return intake.take(source, work, widths, use);
    }
}
