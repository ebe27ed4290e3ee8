package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.outbound.storage.StoredObject;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A real store at which something happens at a moment that a test chooses. */
final class FaultyStore implements ObjectStore {
    private static final Pattern THUMBNAIL = Pattern.compile("\\.\\d+\\.[0-9a-f-]{36}\\.[a-z]+$");

    private final ObjectStore store;
    private final Map<Moment, Supplier<Mono<Void>>> faults = new ConcurrentHashMap<>();

    private FaultyStore(ObjectStore store) {
        this.store = store;
    }

    /** When something happens. */
    enum Moment {
        BEFORE_PUT,
        /** Some bytes of the body are written, not all; what happens here cannot fail. */
        WITHIN_PUT,
        AFTER_PUT,
        /** Before a put of a smaller copy, beside what happens before any put. */
        BEFORE_THUMBNAIL,
        AFTER_THUMBNAIL,
        BEFORE_DELETE,
        AFTER_DELETE,
        BEFORE_STAT,
        BEFORE_OPEN
    }

    /** Has it stand in front of a gateway's own store. */
    @Configuration(proxyBeanMethods = false)
    static class Installed {
        @Bean
        static BeanPostProcessor faultyStore() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    return bean instanceof ObjectStore store ? new FaultyStore(store) : bean;
                }
            };
        }
    }

    /** From now on this happens first, or instead if it fails. */
    void on(Moment moment, Supplier<Mono<Void>> fault) {
        faults.put(moment, fault);
    }

    /** The same, the next time only. */
    void once(Moment moment, Supplier<Mono<Void>> fault) {
        on(moment, () -> {
            faults.remove(moment);
            return fault.get();
        });
    }

    static Supplier<Mono<Void>> failing(Kind kind) {
        return () -> Mono.error(() -> new StorageException(kind, "as the test wants it", null));
    }

    void clear() {
        faults.clear();
    }

    void clear(Moment moment) {
        faults.remove(moment);
    }

    private Mono<Void> fault(Moment moment) {
        return Mono.defer(() -> faults.getOrDefault(moment, Mono::empty).get());
    }

    @Override
    public Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body) {
        AtomicInteger count = new AtomicInteger();
        Flux<DataBuffer> bytes = body.doOnNext(buffer -> {
            if (count.getAndIncrement() == 1) {
                fault(Moment.WITHIN_PUT).subscribe();
            }
        });
        boolean isThumbnail = isThumbnail(key);
        return fault(Moment.BEFORE_PUT)
                .then(isThumbnail ? fault(Moment.BEFORE_THUMBNAIL) : Mono.empty())
                .then(Mono.defer(() -> store.put(key, object, bytes)))
                .delayUntil(stored -> fault(Moment.AFTER_PUT))
                .delayUntil(stored -> isThumbnail ? fault(Moment.AFTER_THUMBNAIL) : Mono.empty());
    }

    /** By its width and its copy's id, between the image's name and the ending. */
    static boolean isThumbnail(ObjectKey key) {
        return THUMBNAIL.matcher(key.value()).find();
    }

    @Override
    public Mono<StoredObject> stat(ObjectKey key) {
        return fault(Moment.BEFORE_STAT).then(store.stat(key));
    }

    @Override
    public Mono<ObjectContent> open(ObjectKey key) {
        return fault(Moment.BEFORE_OPEN).then(store.open(key));
    }

    @Override
    public Mono<Void> delete(ObjectKey key) {
        return fault(Moment.BEFORE_DELETE).then(store.delete(key)).then(fault(Moment.AFTER_DELETE));
    }

    @Override
    public Flux<ObjectStore.Summary> list(String prefix) {
        return store.list(prefix);
    }
}
