package dev.sluice.gateway.outbound.link;

import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Links of this process alone: their bytes, and the objects of those in use. */
final class MemoryLinks<T> implements Links<T> {
    private final Links.Format<T> format;
    private final Bounds bounds;
    private final Clock clock;
    private final LinkCache<T> cache;

    // Guarded by links. All have the same TTL, so the first one expires first.
    private final Map<String, Entry> links = new LinkedHashMap<>();
    private final Map<String, Long> bySubject = new HashMap<>();
    private final Map<String, Long> byAddress = new HashMap<>();
    private long usedBytes;

    MemoryLinks(Links.Format<T> format, Bounds bounds, Clock clock) {
        this.format = format;
        this.bounds = bounds;
        this.clock = clock;
        this.cache = new LinkCache<>(format, bounds, clock);
    }

    /** A stored link. */
    private static final class Entry {
        private final byte[] bytes;
        private final Owner owner;
        private final Instant expiresAt;

        Entry(byte[] bytes, Owner owner, Instant expiresAt) {
            this.bytes = bytes;
            this.owner = owner;
            this.expiresAt = expiresAt;
        }

        long weight() {
            return (long) OVERHEAD + bytes.length;
        }
    }

    @Override
    public Mono<Link<T>> create(T content, Owner owner) {
        return Mono.fromCallable(() -> {
            Instant now = clock.instant();
            Link<T> link = Link.create(content, now.plus(bounds.ttl()));
            Entry entry = new Entry(format.write(content), owner, link.expiresAt());
            synchronized (links) {
                dropExpired(now);
                admit(entry);
                links.put(link.token(), entry);
            }
            return cache.remember(link);
        });
    }

    private void admit(Entry entry) {
        long weight = entry.weight();
        String subject = entry.owner.subject();
        String address = entry.owner.address();
        if (usedBytes + weight > bounds.capacity()) {
            throw bounds.full();
        }
        if (bySubject.getOrDefault(subject, 0L) + weight > bounds.perSubject()
                || byAddress.getOrDefault(address, 0L) + weight > bounds.perAddress()) {
            throw bounds.shareExhausted();
        }
        usedBytes += weight;
        bySubject.merge(subject, weight, Long::sum);
        byAddress.merge(address, weight, Long::sum);
    }

    private void dropExpired(Instant now) {
        Iterator<Entry> oldest = links.values().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next();
            if (now.isBefore(entry.expiresAt)) {
                return;
            }
            oldest.remove();
            usedBytes -= entry.weight();
            subtract(bySubject, entry.owner.subject(), entry.weight());
            subtract(byAddress, entry.owner.address(), entry.weight());
        }
    }

    private static void subtract(Map<String, Long> sums, String name, long weight) {
        sums.computeIfPresent(name, (same, sum) -> sum == weight ? null : sum - weight);
    }

    @Override
    public Mono<Link<T>> find(String token) {
        return Mono.fromSupplier(() -> {
            Entry entry;
            synchronized (links) {
                entry = links.get(token);
            }
            return entry == null || !clock.instant().isBefore(entry.expiresAt) ? null : link(token, entry);
        });
    }

    private @Nullable Link<T> link(String token, Entry entry) {
        Link<T> used = cache.find(token);
        if (used != null) {
            return used;
        }
        T content = format.read(entry.bytes);
        return content == null ? null : cache.remember(new Link<>(token, content, entry.expiresAt));
    }
}
