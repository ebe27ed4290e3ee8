package dev.sluice.gateway.outbound.imagecache.disk;

import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/** A process that stores, replaces, renews and evicts images until it is killed: see {@link ImageCacheKillTest}. */
final class CacheFiller {
    static final int IMAGES = 40;
    static final int LENGTH = 60_000;
    static final int VERSIONS = 50;
    static final long MAX_BYTES = 20L * EntryFile.blocks(LENGTH + 200);
    private static final int THREADS = 4;

    private CacheFiller() {}

    /** The directory. Prints a line when the first image is stored. */
    public static void main(String[] arguments) {
        CacheRig rig = CacheRig.of(Path.of(arguments[0]), MAX_BYTES).started();
        while (!rig.store(CacheRig.url(0), body(0, 0))) {
            Thread.onSpinWait();
        }
        System.out.println("filling");
        for (int thread = 0; thread < THREADS; thread++) {
            Thread.ofPlatform().start(() -> fill(rig));
        }
    }

    private static void fill(CacheRig rig) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        while (true) {
            int image = random.nextInt(IMAGES);
            CachedMeta known = rig.cache.lookup(CacheRig.url(image));
            if (known != null && random.nextInt(3) == 0) {
                rig.cache.renew(known, rig.clock.instant()).block(CacheRig.SOON);
            } else {
                rig.store(CacheRig.url(image), body(image, random.nextInt(VERSIONS)));
            }
        }
    }

    /** One of the bodies that an image can have. */
    static byte[] body(int image, int version) {
        return CacheRig.body(image * VERSIONS + version, LENGTH);
    }
}
