package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.fetch.OriginFetch;
import dev.sluice.gateway.outbound.fetch.OriginUrls;
import dev.sluice.gateway.outbound.imagecache.RemoteImageProperties.CacheBounds;
import dev.sluice.gateway.outbound.imagecache.disk.CacheSettings;
import dev.sluice.gateway.outbound.imagecache.disk.ImageCache;
import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.gateway.outbound.share.EvictionShares;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The one store of remote images: wiring. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RemoteImageProperties.class)
public class RemoteImageConfiguration {
    private static final int DISK_THREADS = 4;
    private static final int MOST_QUEUED = 1_000;
    private static final int MEMORY_SHARES = 4;
    private static final Duration INDEX_TIMEOUT = Duration.ofSeconds(1);

    @Bean(destroyMethod = "dispose")
    Scheduler imageCacheThreads() {
        return Schedulers.newBoundedElastic(DISK_THREADS, MOST_QUEUED, "image-cache");
    }

    /** A small cache is known when the gateway starts; a large one's index is read in the background. */
    @Bean(destroyMethod = "close")
    ImageStore imageStore(
            RemoteImageProperties properties,
            @Qualifier("imageCacheThreads") Scheduler disk,
            ObjectProvider<Clock> clocks,
            MeterRegistry meters) {
        CacheBounds bounds = properties.cache();
        ImageCache cache = bounds.enabled() ? new ImageCache(settings(bounds), disk, clock(clocks), meters) : null;
        if (cache != null) {
            cache.start(INDEX_TIMEOUT);
        }
        return new ImageStore(
                cache,
                bounds.ttl(),
                bounds.writeTimeout(),
                new EvictionShares(bounds.callerBytes(), clock(clocks)),
                bounds.maxSize().toBytes() / 2);
    }

    @Bean
    BufferBudget proxyMemory(RemoteImageProperties properties, MeterRegistry meters) {
        BufferBudget budget = new BufferBudget(properties.bufferBudget().toBytes(), MOST_QUEUED, Schedulers.parallel());
        Gauge.builder("sluice.image_proxy.budget.free", budget, BufferBudget::available)
                .description("Bytes that images on their way to the cache may still take")
                .baseUnit("bytes")
                .register(meters);
        return budget;
    }

    @Bean
    CallerShares proxyMemoryShares(RemoteImageProperties properties, @Qualifier("proxyMemory") BufferBudget memory) {
        // Room for one image of the largest kind at least.
        long share = Math.max(
                memory.capacity() / MEMORY_SHARES, properties.maxImageSize().toBytes());
        return new CallerShares(memory, share, Schedulers.parallel());
    }

    @Bean
    NegativeCache<FetchException> fetchFailures(RemoteImageProperties properties, ObjectProvider<Clock> clocks) {
        return ImageFetches.failures(properties.rememberDecided(), properties.rememberFailed(), clock(clocks));
    }

    @Bean
    ImageFetches imageFetches(
            RemoteImageProperties properties,
            OriginFetch origins,
            ImageStore store,
            NegativeCache<FetchException> failures,
            @Qualifier("proxyMemoryShares") CallerShares memory,
            ObjectProvider<Clock> clocks,
            MeterRegistry meters) {
        OriginImages images = new OriginImages(origins, properties, memory, clock(clocks));
        return new ImageFetches(
                images,
                store,
                failures,
                new SingleFlight<>(properties.concurrentFetches(), properties.longestFetch()),
                clock(clocks),
                meters);
    }

    /** For who makes files of images. */
    @Bean
    RemoteImages remoteImages(
            ImageFetches fetches,
            ImageStore store,
            OriginUrls urls,
            RemoteImageProperties properties,
            ObjectProvider<Clock> clocks,
            MeterRegistry meters) {
        return new RemoteImages(fetches, store, urls, turns(properties), clock(clocks), meters);
    }

    private static FetchTurns turns(RemoteImageProperties properties) {
        int all = properties.concurrentFetches();
        BufferBudget turns = new BufferBudget(all, MOST_QUEUED, Schedulers.parallel());
        CallerShares shares = new CallerShares(turns, Math.min(FetchTurns.AT_ONCE, all), Schedulers.parallel());
        return new FetchTurns(shares, properties.memoryTimeout(), properties.longestFetch());
    }

    private static CacheSettings settings(CacheBounds bounds) {
        return new CacheSettings(
                bounds.directory(),
                bounds.maxSize().toBytes(),
                bounds.maxEntries(),
                bounds.ttl(),
                bounds.staleIfError(),
                bounds.memory().toBytes(),
                bounds.hotImageSize().toBytes());
    }

    private static Clock clock(ObjectProvider<Clock> clocks) {
        return clocks.getIfAvailable(Clock::systemUTC);
    }
}
