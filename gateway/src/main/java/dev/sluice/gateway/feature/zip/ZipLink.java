package dev.sluice.gateway.feature.zip;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A request kept behind a link, with the board of its latest download. */
final class ZipLink {
    private final String token;
    private final ZipRequest request;
    private final Instant expiresAt;
    private final AtomicReference<ZipProgress> latest;
    private final AtomicInteger listeners = new AtomicInteger();

    ZipLink(String token, ZipRequest request, Instant expiresAt) {
        this.token = token;
        this.request = request;
        this.expiresAt = expiresAt;
        this.latest = new AtomicReference<>(new ZipProgress(request));
    }

    String token() {
        return token;
    }

    ZipRequest request() {
        return request;
    }

    Instant expiresAt() {
        return expiresAt;
    }

    /** The board of the download that began last, or an untouched one. */
    ZipProgress progress() {
        return latest.get();
    }

    /** A fresh board for a download that begins now. */
    ZipProgress begin() {
        ZipProgress fresh = new ZipProgress(request);
        latest.set(fresh);
        return fresh;
    }

    /** Takes one of {@code most} seats, or none. */
    boolean addListener(int most) {
        return listeners.getAndUpdate(count -> Math.min(most, count + 1)) < most;
    }

    void removeListener() {
        listeners.decrementAndGet();
    }
}
