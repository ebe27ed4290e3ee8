package dev.sluice.gateway.feature.zip;

import reactor.core.Disposable;
import reactor.core.Disposables;

/** What one request holds. Disposing of it frees all that is in it, and whatever is added afterwards at once. */
final class RequestScope implements Disposable {
    private final Disposable.Composite held = Disposables.composite();
    private volatile boolean memoryIsShort;

    void add(Disposable resource) {
        held.add(resource);
    }

    void remove(Disposable resource) {
        held.remove(resource);
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
