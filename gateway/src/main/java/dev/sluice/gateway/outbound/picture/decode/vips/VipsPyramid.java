package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.ThumbnailSizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What libvips writes as a pyramid of tiles (DeepZoom): a picture, and it again at half the size until it is a pixel,
 * each one tile, for a tile is larger than any of them.
 *
 * <pre>
 *   NAME_files/11/0_0.webp   1280 x 960
 *              10/0_0.webp    640 x 480
 *               …
 *               0/0_0.webp      1 x 1
 * </pre>
 *
 * One process thereby makes all thumbnails out of one decoding.
 */
final class VipsPyramid {
    /** Largest side of a tile, and so of a thumbnail. */
    static final int TILE = ThumbnailSizes.LONGEST_SIDE;

    private final List<Path> levels;

    private VipsPyramid(List<Path> levels) {
        this.levels = levels;
    }

    /** As whose output an operation writes the pyramid {@code name}, with tiles of the format of {@code suffix}. */
    static String output(String name, String suffix) {
        return name + ".dz[container=fs,strip,overlap=0,tile-size=" + TILE + ",suffix=" + suffix + "]";
    }

    /**
     * The pyramid {@code name} in {@code directory}; null if it is not there, or not whole.
     *
     * @param extension of its tiles, with the dot
     */
    static @Nullable VipsPyramid read(Path directory, String name, String extension) throws IOException {
        Path levels = directory.resolve(name + "_files");
        int count = 0;
        while (Files.isDirectory(levels.resolve(Integer.toString(count)))) {
            count++;
        }
        if (count == 0) {
            return null;
        }
        Path[] tiles = new Path[count];
        for (int level = 0; level < count; level++) {
            Path tile = levels.resolve(Integer.toString(level)).resolve("0_0" + extension);
            if (!Files.exists(tile) || Files.size(tile) == 0) {
                return null;
            }
            tiles[count - 1 - level] = tile; // the largest has the highest number
        }
        return new VipsPyramid(List.of(tiles));
    }

    /** How many sizes there are. */
    int levels() {
        return levels.size();
    }

    /** The tile of a level: 0 is the largest, each further one half as large. */
    Path tile(int level) {
        return levels.get(level);
    }
}
