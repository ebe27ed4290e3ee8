package dev.sluice.gateway.feature.zip;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import reactor.core.Disposable;
import reactor.core.Disposables;

/** What one request holds. Disposing of it frees all that is in it, and whatever is added afterwards at once. */
final class RequestScope implements Disposable {
    private final Disposable.Composite held = Disposables.composite();
    private final Set<Disposable> onDisk = ConcurrentHashMap.newKeySet();
    private volatile boolean memoryIsShort;

    void add(Disposable resource) {
        if (resource instanceof ImageOnDisk) {
            onDisk.add(resource);
        }
        held.add(resource);
    }

    void remove(Disposable resource) {
        onDisk.remove(resource);
        held.remove(resource);
    }

    /** Whether an image of it is on disk, or is to be. */
    boolean holdsDisk() {
        return !onDisk.isEmpty() && !held.isDisposed();
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
        held.dispose();
    }

    @Override
    public boolean isDisposed() {
        return held.isDisposed();
    }
}
