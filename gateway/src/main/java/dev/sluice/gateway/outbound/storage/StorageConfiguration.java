package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.RecentHealth;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The store: a bucket if {@code sluice.storage.s3.bucket} names one, else a directory. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StorageProperties.class)
@Import({StorageConfiguration.Bucket.class, StorageConfiguration.Directory.class})
public class StorageConfiguration {
    private static final int THREADS = 16;
    private static final int MOST_QUEUED = 10_000;

    /** Where the store blocks, and nothing else. */
    @Bean(destroyMethod = "dispose")
    Scheduler storageThreads() {
        return Schedulers.newBoundedElastic(THREADS, MOST_QUEUED, "storage");
    }

    /** Objects in a bucket. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(BucketIsNamed.class)
    static class Bucket {

        @Bean(destroyMethod = "close")
        S3Connection s3Connection(StorageProperties properties) {
            return new S3Connection(properties.s3());
        }

        @Bean
        ObjectStore objectStore(
                S3Connection connection,
                StorageProperties properties,
                @Qualifier("storageThreads") Scheduler threads,
                MeterRegistry meters) {
            return new MeteredStore(store(connection, properties, threads), meters);
        }

        @Bean
        PresignedUploads presignedUploads(
                S3Connection connection, StorageProperties properties, @Qualifier("storageThreads") Scheduler threads) {
            return new S3PresignedUploads(
                    connection.presigner(), properties.s3().bucket(), threads);
        }

        @Bean
        ReactiveHealthIndicator storageHealthIndicator(
                S3Connection connection, StorageProperties properties, @Qualifier("storageThreads") Scheduler threads) {
            return new RecentHealth(new StorageHealth("s3", store(connection, properties, threads)::probe));
        }

        private static S3Store store(S3Connection connection, StorageProperties properties, Scheduler threads) {
            return new S3Store(connection, properties.s3(), threads, Clock.systemUTC());
        }
    }

    /** Objects in a directory. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(NoBucketIsNamed.class)
    static class Directory {

        @Bean(destroyMethod = "close")
        LocalDirectory localDirectory(StorageProperties properties) throws IOException {
            return LocalDirectory.open(properties.directory());
        }

        @Bean
        ObjectStore objectStore(
                LocalDirectory directory, @Qualifier("storageThreads") Scheduler threads, MeterRegistry meters) {
            return new MeteredStore(store(directory, threads), meters);
        }

        @Bean
        ReactiveHealthIndicator storageHealthIndicator(
                LocalDirectory directory, @Qualifier("storageThreads") Scheduler threads) {
            return new RecentHealth(new StorageHealth("directory", store(directory, threads)::probe));
        }

        private static LocalStore store(LocalDirectory directory, Scheduler threads) {
            return new LocalStore(directory, threads, new NettyDataBufferFactory(ByteBufAllocator.DEFAULT));
        }
    }
}
