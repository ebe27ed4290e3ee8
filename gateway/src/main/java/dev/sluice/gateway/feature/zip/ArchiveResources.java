package dev.sluice.gateway.feature.zip;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import reactor.core.Disposable;
import reactor.core.Disposables;

/**
 * The resources of one archive. Disposing of this frees all of them, and frees at once whatever is added afterwards.
 */
final class ArchiveResources implements Disposable {
    private final Disposable.Composite resources = Disposables.composite();
    private final Set<Disposable> onDisk = ConcurrentHashMap.newKeySet();
    private volatile boolean memoryIsShort;

    void add(Disposable resource) {
        if (resource instanceof ImageOnDisk) {
            onDisk.add(resource);
        }
        resources.add(resource);
    }

    void remove(Disposable resource) {
        onDisk.remove(resource);
        resources.remove(resource);
    }

    /** Whether an image of it is on disk, or is to be. */
    boolean usesDisk() {
        return !onDisk.isEmpty() && !resources.isDisposed();
    }

    /** Whether the last image that asked for memory had to do without. */
    boolean memoryIsShort() {
        return memoryIsShort;
    }

    void memoryIsShort(boolean isShort) {
        memoryIsShort = isShort;
    }

    @Override
    public void dispose() {
        resources.dispose();
    }

    @Override
    public boolean isDisposed() {
        return resources.isDisposed();
    }
}
