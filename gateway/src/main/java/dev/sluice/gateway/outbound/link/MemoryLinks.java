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
    private final LinkFormat<T> format;
    private final Bounds bounds;
    private final Clock clock;
    private final KnownLinks<T> known;

    // Guarded by links. All live equally long, so the first one is the first to go.
    private final Map<String, Kept> links = new LinkedHashMap<>();
    private final Map<String, Long> bySubject = new HashMap<>();
    private final Map<String, Long> byAddress = new HashMap<>();
    private long held;

    MemoryLinks(LinkFormat<T> format, Bounds bounds, Clock clock) {
        this.format = format;
        this.bounds = bounds;
        this.clock = clock;
        this.known = new KnownLinks<>(format, bounds, clock);
    }

    /** What there is of a link that nobody uses. */
    private static final class Kept {
        private final byte[] bytes;
        private final Holder holder;
        private final Instant expiresAt;

        Kept(byte[] bytes, Holder holder, Instant expiresAt) {
            this.bytes = bytes;
            this.holder = holder;
            this.expiresAt = expiresAt;
        }

        long weight() {
            return (long) OVERHEAD + bytes.length;
        }
    }

    @Override
    public Mono<Link<T>> keep(T content, Holder holder) {
        return Mono.fromCallable(() -> {
            Instant now = clock.instant();
            Link<T> link = Link.create(content, now.plus(bounds.ttl()));
            Kept kept = new Kept(format.write(content), holder, link.expiresAt());
            synchronized (links) {
                dropExpired(now);
                admit(kept);
                links.put(link.token(), kept);
            }
            return known.remember(link);
        });
    }

    private void admit(Kept kept) {
        long weight = kept.weight();
        String subject = kept.holder.subject();
        String address = kept.holder.address();
        if (held + weight > bounds.capacity()) {
            throw bounds.full();
        }
        if (bySubject.getOrDefault(subject, 0L) + weight > bounds.perSubject()
                || byAddress.getOrDefault(address, 0L) + weight > bounds.perAddress()) {
            throw bounds.shareUsedUp();
        }
        held += weight;
        bySubject.merge(subject, weight, Long::sum);
        byAddress.merge(address, weight, Long::sum);
    }

    private void dropExpired(Instant now) {
        Iterator<Kept> oldest = links.values().iterator();
        while (oldest.hasNext()) {
            Kept kept = oldest.next();
            if (now.isBefore(kept.expiresAt)) {
                return;
            }
            oldest.remove();
            held -= kept.weight();
            take(bySubject, kept.holder.subject(), kept.weight());
            take(byAddress, kept.holder.address(), kept.weight());
        }
    }

    private static void take(Map<String, Long> sums, String name, long weight) {
        sums.computeIfPresent(name, (same, sum) -> sum == weight ? null : sum - weight);
    }

    @Override
    public Mono<Link<T>> find(String token) {
        return Mono.fromSupplier(() -> {
            Kept kept;
            synchronized (links) {
                kept = links.get(token);
            }
            return kept == null || !clock.instant().isBefore(kept.expiresAt) ? null : link(token, kept);
        });
    }

    private @Nullable Link<T> link(String token, Kept kept) {
        Link<T> used = known.find(token);
        if (used != null) {
            return used;
        }
        T content = format.read(kept.bytes);
        return content == null ? null : known.remember(new Link<>(token, content, kept.expiresAt));
    }
}
