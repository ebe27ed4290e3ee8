package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.imagecache.disk.CacheIndex.Removal;
import dev.sluice.gateway.outbound.imagecache.disk.Evictions.Cause;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One look at everything in the directory: takes into the index what it does not know, deletes what is damaged, expired
 * or half written, and measures what is not the cache's. Blocks.
 */
final class IndexScan {
    private static final Logger LOG = LoggerFactory.getLogger(IndexScan.class);

    private final CacheIndex index;
    private final CacheDirectory directory;
    private final Evictions evictions;
    private final Evictions.Meters meters;
    private final long now;
    private final long retention;
    private long foreignBytes;
    private int foreignFiles;

    /**
     * A scan that has yet to run.
     *
     * @param now in milliseconds since 1970
     * @param retention in milliseconds
     */
    IndexScan(
            CacheIndex index,
            CacheDirectory directory,
            Evictions evictions,
            Evictions.Meters meters,
            long now,
            long retention) {
        this.index = index;
        this.directory = directory;
        this.evictions = evictions;
        this.meters = meters;
        this.now = now;
        this.retention = retention;
    }

    void run() throws IOException {
        directory.walk(this::visit);
        index.foreign(foreignBytes);
        if (foreignFiles > 0) {
            LOG.warn("{} has {} files that are not the cache's", directory.root(), foreignFiles);
        }
    }

    private void visit(Path file, CacheEntry.@Nullable Name name) throws IOException {
        if (name == null) {
            leave(file);
        } else if (index.knows(name)) {
            return;
        } else if (CacheEntry.Name.isTemporary(file)) {
            delete(file, name);
        } else {
            take(file, name);
        }
    }

    private void take(Path file, CacheEntry.Name name) throws IOException {
        try {
            CacheEntry entry = read(file, name);
            if (now - entry.validation().storedAt() > retention) {
                meters.evicted(Cause.EXPIRED);
                delete(file, name);
                return;
            }
            Removal loser = index.adopt(entry);
            if (loser != null) {
                evictions.replaced(loser);
            }
        } catch (NoSuchFileException gone) {
            LOG.debug("{} is gone", file);
        } catch (EntryFile.DamagedException | EOFException damaged) {
            LOG.info("deleting {}: {}", file, damaged.getMessage());
            meters.evicted(Cause.DAMAGED);
            delete(file, name);
        } catch (IOException unreadable) {
            LOG.info("leaving {}: {}", file, unreadable.toString());
            leave(file);
        }
    }

    private CacheEntry read(Path file, CacheEntry.Name name) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            EntryFile.Header header = EntryFile.read(channel);
            if (!Sha256.of(header.meta().url()).equals(name.key())) {
                throw new EntryFile.DamagedException("another image's");
            }
            CacheEntry entry = new CacheEntry(name, header);
            entry.clamp(now);
            return entry;
        }
    }

    private void delete(Path file, CacheEntry.Name name) throws IOException {
        try {
            if (CacheEntry.Name.isTemporary(file)) {
                directory.deleteTemporary(name);
            } else {
                directory.delete(name);
            }
        } catch (IOException failed) {
            LOG.info("cannot delete {}: {}", file, failed.toString());
            leave(file);
        }
    }

    private void leave(Path file) throws IOException {
        try {
            foreignBytes += EntryFile.blocks(Files.size(file));
            foreignFiles++;
        } catch (NoSuchFileException gone) {
            LOG.debug("{} is gone", file);
        }
    }
}
