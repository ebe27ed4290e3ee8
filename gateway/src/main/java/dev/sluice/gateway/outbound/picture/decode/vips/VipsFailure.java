package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.vips.ChildProcess.Outcome;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What it means when libvips' tool ends without success. */
final class VipsFailure {
    private static final int SUCCESS = 0;
    private static final int REFUSED = 1;
    private static final int PROCESSOR_TIME_EXCEEDED = 128 + 24;
    private static final int FILE_SIZE_EXCEEDED = 128 + 25;
    private static final int LONGEST_REASON = 160;

    private static final Pattern NO_SPACE = Pattern.compile("(?i)no space left|disk quota exceeded");

    /** As libvips, GLib, libjpeg, libheif and the C++ library say it. */
    private static final Pattern NO_MEMORY = Pattern.compile("(?i)out of memory|(?:insufficient|not enough) memory"
            + "|(?:failed|unable|cannot) to? ?allocate|cannot allocate|bad_alloc|memory allocation"
            + "|error creating thread");

    private static final Pattern UNSUPPORTED =
            Pattern.compile("(?i)unsupported|not supported|not implemented|not configured|no (?:suitable )?decod"
                    // TIFFs of 12 bits a sample; HEIF of cameras in 4:2:2, which libvips 8.14 measures wrongly.
                    + "|not a whole number of bytes|bad image dimensions on decode");

    /** What GLib writes before a message of its log: {@code (vips:4711): VIPS-WARNING **: 12:00:00.123: }. */
    private static final Pattern LOG_PREFIX =
            Pattern.compile("^(?:\\(.*?:\\d+\\): )?[\\w-]+-(INFO|WARNING|CRITICAL)(?: \\*\\*)?: (?:[\\d:.]+: )?");

    /** No loader knows the file, though its first bytes are right. */
    private static final Pattern UNKNOWN = Pattern.compile("(?i)is blocked|not a known");

    private static final String UNRECOGNISED = "its decoder does not recognise it";

    private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~]");

    private VipsFailure() {}

    /**
     * What to throw for {@code outcome}: {@link PictureException} if it is the picture's fault, else
     * {@link DecoderException}.
     *
     * @throws IOException if there is no space to write to
     */
    static RuntimeException of(Outcome outcome) throws IOException {
        if (NO_SPACE.matcher(outcome.output()).find()) {
            throw new IOException("No space left on device");
        }
        String limit = limit(outcome);
        if (limit != null) {
            return new DecoderException(
                    DecoderException.Kind.LIMIT,
                    "Decoding the image takes more " + limit + " than one may have",
                    died(outcome));
        }
        if (outcome.status() != REFUSED) {
            return new DecoderException(DecoderException.Kind.FAILED, "The decoder died", died(outcome));
        }
        String reason = reason(outcome.output());
        return UNSUPPORTED.matcher(outcome.output()).find()
                ? new PictureException(
                        PictureException.Kind.UNSUPPORTED,
                        "The image is of a kind that is not supported: " + reason,
                        null)
                : PictureException.damaged("image", reason);
    }

    /** What to throw where the tool succeeded and left nothing: it does that when a tile cannot be written. */
    static RuntimeException ofNothing(String said) throws IOException {
        return of(new Outcome(SUCCESS, false, said));
    }

    /** Whether no loader looked at the file. */
    static boolean isUnrecognised(PictureException refusal) {
        return String.valueOf(refusal.getMessage()).endsWith(UNRECOGNISED);
    }

    private static @Nullable String limit(Outcome outcome) {
        if (outcome.isLate()) {
            return "time";
        }
        return switch (outcome.status()) {
            case PROCESSOR_TIME_EXCEEDED -> "processor time";
            case FILE_SIZE_EXCEEDED -> "disk";
            default -> NO_MEMORY.matcher(outcome.output()).find() ? "memory" : null;
        };
    }

    /** For the log alone. */
    private static IOException died(Outcome outcome) {
        return new IOException("libvips' tool ended with status " + outcome.status() + ": "
                + String.join("; ", lines(outcome.output())));
    }

    /** The first complaint that is no mere warning, in characters that may be shown to anybody. */
    private static String reason(String output) {
        if (UNKNOWN.matcher(output).find()) {
            return UNRECOGNISED;
        }
        List<String> lines = lines(output);
        String reason = lines.stream()
                .filter(line -> !LOG_PREFIX.matcher(line).find())
                .findFirst()
                .or(() -> lines.stream()
                        .map(line -> LOG_PREFIX.matcher(line).replaceFirst(""))
                        .findFirst())
                .orElse("no reason was given");
        String shown = UNPRINTABLE.matcher(reason).replaceAll("?");
        return shown.length() <= LONGEST_REASON ? shown : shown.substring(0, LONGEST_REASON);
    }

    private static List<String> lines(String output) {
        return output.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.contains("VIPS-INFO"))
                .toList();
    }
}
