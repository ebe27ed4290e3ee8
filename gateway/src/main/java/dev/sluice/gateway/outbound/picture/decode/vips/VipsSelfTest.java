package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.vips.VipsTool.Loaders;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * Has libvips' tool make a good picture smaller. A tool that fails at that was replaced, hangs, or lacks a library: no
 * picture is to blame for what it says. Thread-safe.
 */
final class VipsSelfTest {
    private static final Logger LOG = LoggerFactory.getLogger(VipsSelfTest.class);

    /** It takes a fraction of a second on an idle machine. */
    private static final Duration WALL = Duration.ofSeconds(10);

    private static final DataSize MEMORY = DataSize.ofMegabytes(256);
    private static final DataSize FILE = DataSize.ofMegabytes(16);

    private static final byte[] SIGNATURE = HexFormat.of().parseHex("89504e470d0a1a0a");

    /** A PNG of 8 x 8 black pixels. */
    private static final byte[] GOOD = HexFormat.of()
            .parseHex("89504e470d0a1a0a0000000d4948445200000008000000080800000000e164e157"
                    + "0000000c4944415478da6360a00e0000004800011045efd20000000049454e44ae426082");

    private final VipsTool tool;
    private final AtomicReference<@Nullable String> failure = new AtomicReference<>();

    VipsSelfTest(VipsTool tool) {
        this.tool = tool;
    }

    /** Why it failed when it was last run; null if it did not. */
    @Nullable String failure() {
        return failure.get();
    }

    /**
     * Runs it. Blocks.
     *
     * @param directory where it may work; the caller deletes it
     * @throws DecoderException if the tool is to blame
     * @throws IOException if there is no space to write to
     */
    void run(Path directory) throws IOException {
        try {
            Path own = Files.createTempDirectory(directory, "self-test");
            Files.write(own.resolve("good.png"), GOOD);
            String said = tool.run(
                    List.of("thumbnail", "good.png", "made.png", "4"), Loaders.BUILT_IN, own, MEMORY, FILE, WALL);
            if (!said.contains("input size is 8 x 8") || !isPng(own.resolve("made.png"))) {
                throw new IllegalStateException("it makes nothing of a good picture");
            }
        } catch (PictureException | DecoderException | IllegalStateException failed) {
            if (Thread.currentThread().isInterrupted()) {
                throw failed; // nothing is known
            }
            String why = String.valueOf(failed.getMessage());
            if (failure.getAndSet(why) == null) {
                LOG.error("libvips fails at a good picture, so no picture is decoded until it does not: {}", why);
            }
            throw new DecoderException(DecoderException.Kind.FAILED, "The decoder fails at good pictures too", failed);
        }
        if (failure.getAndSet(null) != null) {
            LOG.info("libvips decodes pictures again");
        }
    }

    private static boolean isPng(Path file) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        try (InputStream bytes = Files.newInputStream(file)) {
            return Arrays.equals(bytes.readNBytes(SIGNATURE.length), SIGNATURE);
        }
    }
}
