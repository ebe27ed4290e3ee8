package dev.sluice.gateway.outbound.imagecache.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.MovableClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** A cache on a real directory, with a clock that is moved by hand. */
public final class CacheRig implements AutoCloseable {
    public static final Duration SOON = Duration.ofSeconds(30);
    public static final Duration TTL = Duration.ofDays(7);
    public static final Duration STALE = Duration.ofDays(1);
    public static final long PLENTY = 64L << 20;
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);
    private static final int PIECE = 10_000;

    final MovableClock clock;
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Scheduler disk = Schedulers.newBoundedElastic(4, 1000, "cache-disk");
    final CacheSettings settings;
    public final ImageCache cache;

    public CacheRig(CacheSettings settings, MovableClock clock, CacheDirectory.FileCalls calls) {
        this.settings = settings;
        this.clock = clock;
        this.cache = new ImageCache(settings, disk, clock, meters, calls);
    }

    public static CacheRig in(Path directory) {
        return new CacheRig(settings(directory, PLENTY, 10_000), new MovableClock(), CacheDirectory.FileCalls.SYSTEM);
    }

    public static CacheRig in(Path directory, CacheDirectory.FileCalls calls) {
        return new CacheRig(settings(directory, PLENTY, 10_000), new MovableClock(), calls);
    }

    /** With room for so many bytes and nothing kept in memory. */
    public static CacheRig of(Path directory, long maxBytes) {
        return new CacheRig(withoutMemory(directory, maxBytes), new MovableClock(), CacheDirectory.FileCalls.SYSTEM);
    }

    public static CacheSettings withoutMemory(Path directory, long maxBytes) {
        return new CacheSettings(directory, maxBytes, 10_000, TTL, STALE, 0, -1);
    }

    public static CacheSettings settings(Path directory, long maxBytes, int maxEntries) {
        return new CacheSettings(directory, maxBytes, maxEntries, TTL, STALE, 1 << 20, 64 << 10);
    }

    /** Starts the cache and waits until it knows its directory. */
    public CacheRig started() {
        cache.start(Duration.ZERO);
        Await.until(SOON, "the index is complete", cache::isComplete);
        return this;
    }

    /** The cache of the next process: on the same directory, with the same clock. */
    public CacheRig restarted() {
        return restarted(settings);
    }

    public CacheRig restarted(CacheSettings next) {
        close();
        return new CacheRig(next, clock, CacheDirectory.FileCalls.SYSTEM).started();
    }

    public CacheRig restarted(CacheDirectory.FileCalls calls) {
        close();
        return new CacheRig(settings, clock, calls).started();
    }

    public static String url(int number) {
        return "https://example.com/images/" + number + ".png";
    }

    /** Bytes that only this seed has. */
    public static byte[] body(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    public CachedMeta meta(String url) {
        return new CachedMeta(url, "image/png", "", 0, clock.instant(), null, "\"v1\"", null);
    }

    /** Stores and leaves again; whether it was stored. */
    public boolean store(String url, byte[] body) {
        Optional<OpenImage> stored = storeAndOpen(meta(url), body);
        stored.ifPresent(OpenImage::dispose);
        return stored.isPresent();
    }

    public Optional<OpenImage> storeAndOpen(CachedMeta meta, byte[] body) {
        List<DataBuffer> buffers = buffers(body);
        try {
            return cache.store(meta, buffers).blockOptional(SOON);
        } finally {
            buffers.forEach(buffer -> assertThat(DataBufferUtils.release(buffer))
                    .as("the last owner")
                    .isTrue());
        }
    }

    public static List<DataBuffer> buffers(byte[] body) {
        List<DataBuffer> buffers = new ArrayList<>();
        for (int at = 0; at < body.length; at += PIECE) {
            int length = Math.min(PIECE, body.length - at);
            buffers.add(BUFFERS.allocateBuffer(length).write(body, at, length));
        }
        return buffers;
    }

    public Optional<OpenImage> open(String url) {
        return cache.open(url).blockOptional(SOON);
    }

    /** As an archive opens it. */
    public Optional<OpenImage> file(String url, long mostPinned) {
        return cache.openFile(url, mostPinned).blockOptional(SOON);
    }

    /** The bytes of an entry; null when there is none. */
    public byte @Nullable [] read(String url) {
        return open(url).map(CacheRig::drain).orElse(null);
    }

    /** Reads and disposes. */
    public static byte[] drain(OpenImage image) {
        try {
            return bytes(image);
        } finally {
            image.dispose();
        }
    }

    public static byte[] bytes(OpenImage image) {
        ByteBuf memory = image.memory();
        if (memory != null) {
            return ByteBufUtil.getBytes(memory);
        }
        try {
            byte[] file = Files.readAllBytes(Objects.requireNonNull(image.file()));
            return Arrays.copyOfRange(file, (int) image.offset(), (int) (image.offset() + image.length()));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public boolean has(String url) {
        return cache.lookup(url) != null;
    }

    public double evictions(String cause) {
        return meters.get("sluice.image_proxy.cache.evictions")
                .tag("cause", cause)
                .counter()
                .count();
    }

    public long usedBytes() {
        return (long) meters.get("sluice.image_proxy.cache.bytes").gauge().value();
    }

    public int entries() {
        return (int) meters.get("sluice.image_proxy.cache.entries").gauge().value();
    }

    /** Every file but the lock's. */
    public List<Path> files() {
        return files(settings.directory());
    }

    public static List<Path> files(Path directory) {
        List<Path> files = new ArrayList<>();
        if (!Files.exists(directory)) {
            return files;
        }
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (!file.endsWith(".lock")) {
                        files.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException gone) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return files;
    }

    /** What the files take, in blocks of 4 KiB. */
    public long diskBytes() {
        return files().stream().mapToLong(CacheRig::blocks).sum();
    }

    public static long blocks(Path file) {
        try {
            return (Files.size(file) + 4095) / 4096 * 4096;
        } catch (IOException gone) {
            return 0;
        }
    }

    /** The one file that there is. */
    public Path onlyFile() {
        List<Path> files = files();
        assertThat(files).hasSize(1);
        return files.getFirst();
    }

    /** Waits until the accounts and the directory say the same, as they do when nothing is under way. */
    public void settled() {
        Await.until(
                SOON, "accounts equal the directory", () -> usedBytes() == diskBytes() && entries() == files().size());
    }

    public static void flip(Path file, long position) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            bytes[(int) position] ^= 1;
            Files.write(file, bytes);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        cache.close();
        disk.disposeGracefully().block(SOON);
    }
}
