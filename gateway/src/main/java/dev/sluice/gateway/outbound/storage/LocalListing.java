package dev.sluice.gateway.outbound.storage;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks a local store in the order of keys. Keeps the names of each directory on the way down in memory, and nothing
 * else. All methods block.
 */
final class LocalListing {
    private final Path objects;
    private final String prefix;
    /** What is still to be visited, the next first: keys, and beginnings of keys with a slash at their end. */
    private final Deque<String> ahead = new ArrayDeque<>();

    LocalListing(Path objects, String prefix) {
        this.objects = objects;
        this.prefix = prefix;
        ahead.push("");
    }

    /** The next object, or null at the end. */
    ObjectStore.@Nullable Summary next() throws IOException {
        while (!ahead.isEmpty()) {
            String name = ahead.pop();
            if (name.isEmpty() || name.endsWith("/")) {
                descend(name);
                continue;
            }
            ObjectStore.Summary object = look(name);
            if (object != null) {
                return object;
            }
        }
        return null;
    }

    private void descend(String beginning) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(objects.resolve(beginning))) {
            for (Path child : children) {
                String name = beginning + child.getFileName();
                boolean isObject = name.endsWith(LocalLayout.MARK);
                String visited = isObject ? name.substring(0, name.length() - 1) : name + "/";
                if (isWanted(visited, isObject) && Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
                    found.add(visited);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException gone) {
            if (beginning.isEmpty()) {
                throw LocalLayout.missing(objects);
            }
            return;
        }
        // With their slashes, directories stand in the order of the keys below them.
        found.sort(Collections.reverseOrder());
        found.forEach(ahead::push);
    }

    private boolean isWanted(String visited, boolean isObject) {
        if (isObject) {
            return visited.startsWith(prefix) && ObjectKey.isValid(visited);
        }
        return visited.startsWith(prefix) || prefix.startsWith(visited);
    }

    private ObjectStore.@Nullable Summary look(String key) throws IOException {
        try {
            Path content = LocalLayout.content(objects.resolve(key + LocalLayout.MARK));
            BasicFileAttributes file =
                    Files.readAttributes(content, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return new ObjectStore.Summary(
                    new ObjectKey(key), file.size(), file.lastModifiedTime().toInstant());
        } catch (NoSuchFileException gone) {
            return null;
        }
    }
}
