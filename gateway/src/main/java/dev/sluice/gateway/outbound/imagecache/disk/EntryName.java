package dev.sluice.gateway.outbound.imagecache.disk;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which file an entry is in. Every storing has a version of its own, so no name is ever used twice: whoever reads a
 * file never finds another image under its name, and an image can be replaced while the one before is still read.
 *
 * @param key SHA-256 of the canonical URL
 * @param version counts up with every storing, across restarts
 */
record EntryName(Sha256 key, long version) {
    private static final String TEMPORARY = ".tmp";
    private static final Pattern NAME = Pattern.compile("([0-9a-f]{64})-([0-9a-f]{1,15})(\\.tmp)?");

    /** A name in a shard, or null for a file that is none of the cache's. */
    static @Nullable EntryName parse(Path shard, Path file) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (!name.matches() || !name.group(1).startsWith(String.valueOf(shard.getFileName()))) {
            return null;
        }
        return new EntryName(Sha256.parse(name.group(1)), Long.parseLong(name.group(2), 16));
    }

    static boolean isTemporary(Path file) {
        return file.toString().endsWith(TEMPORARY);
    }

    /** The directory it lies in, relative to the cache's. */
    String shard() {
        return key.hex().substring(0, 2);
    }

    String file() {
        return key.hex() + '-' + Long.toHexString(version);
    }

    String temporaryFile() {
        return file() + TEMPORARY;
    }
}
