package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.health.RecentHealth;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.time.Clock;
import java.util.Map;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.util.StringUtils;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The object store: a bucket if {@code sluice.storage.s3.bucket} names one, else a directory. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StorageProperties.class)
@Import({StorageConfiguration.Bucket.class, StorageConfiguration.Directory.class})
public class StorageConfiguration {
    private static final int THREADS = 16;
    private static final int MOST_QUEUED = 10_000;

    /** The threads on which the store blocks, and nothing else does. */
    @Bean(destroyMethod = "dispose")
    Scheduler storageThreads() {
        return Schedulers.newBoundedElastic(THREADS, MOST_QUEUED, "storage");
    }

    /** Objects in a bucket. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(OnBucket.class)
    static class Bucket {

        @Bean(destroyMethod = "close")
        S3Connection s3Connection(StorageProperties properties) {
            return new S3Connection(properties.s3());
        }

        @Bean
        S3Probe s3Probe(
                S3Connection connection, StorageProperties properties, @Qualifier("storageThreads") Scheduler threads) {
            PresignedUploads uploads = new S3PresignedUploads(
                    connection.ownPresigner(), properties.s3().bucket(), threads);
            return new S3Probe(
                    store(connection, properties, threads), connection.calls(), uploads, properties.s3(), threads);
        }

        @Bean
        LastWrite lastWrite(S3Probe probe) {
            return new LastWrite(probe::access, Clock.systemUTC());
        }

        @Bean
        ObjectStore objectStore(
                S3Connection connection,
                StorageProperties properties,
                @Qualifier("storageThreads") Scheduler threads,
                MeterRegistry meters,
                LastWrite lastWrite) {
            return new MeteredStore(store(connection, properties, threads), meters, lastWrite);
        }

        @Bean
        PresignedUploads presignedUploads(
                S3Connection connection, StorageProperties properties, @Qualifier("storageThreads") Scheduler threads) {
            return new S3PresignedUploads(
                    connection.presigner(), properties.s3().bucket(), threads);
        }

        @Bean(initMethod = "start", destroyMethod = "close")
        S3StartupCheck s3StartupCheck(
                S3Connection connection,
                StorageProperties properties,
                @Qualifier("storageThreads") Scheduler threads,
                S3Probe probe,
                LastWrite lastWrite) {
            return new S3StartupCheck(store(connection, properties, threads), probe, lastWrite, properties.s3());
        }

        @Bean
        ReactiveHealthIndicator storageHealthIndicator(
                S3Connection connection,
                S3StartupCheck check,
                StorageProperties properties,
                @Qualifier("storageThreads") Scheduler threads,
                LastWrite lastWrite) {
            return new RecentHealth(new StorageHealth(
                    Map.of("kind", "s3", "bucket", properties.s3().bucket()),
                    check::details,
                    store(connection, properties, threads)::probe,
                    lastWrite));
        }

        private static S3Store store(S3Connection connection, StorageProperties properties, Scheduler threads) {
            return new S3Store(connection, properties.s3(), threads, Clock.systemUTC());
        }
    }

    /** Objects in a directory. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(OnNoBucket.class)
    static class Directory {

        @Bean(destroyMethod = "close")
        LocalLayout localDirectory(StorageProperties properties) {
            try {
                return LocalLayout.open(properties.directory());
            } catch (IOException unusable) {
                throw new CannotStartException(
                        "No place for images: " + unusable.getMessage(),
                        "Check sluice.storage.directory (SLUICE_STORAGE_DIRECTORY), or name a bucket (S3_BUCKET). A"
                                + " directory that is mounted into a container belongs to the container's user.",
                        unusable);
            }
        }

        @Bean
        LastWrite lastWrite(LocalLayout directory, @Qualifier("storageThreads") Scheduler threads) {
            return new LastWrite(store(directory, threads)::probe, Clock.systemUTC());
        }

        @Bean
        ObjectStore objectStore(
                LocalLayout directory,
                @Qualifier("storageThreads") Scheduler threads,
                MeterRegistry meters,
                LastWrite lastWrite) {
            return new MeteredStore(store(directory, threads), meters, lastWrite);
        }

        @Bean
        ReactiveHealthIndicator storageHealthIndicator(
                LocalLayout directory, @Qualifier("storageThreads") Scheduler threads, LastWrite lastWrite) {
            return new RecentHealth(new StorageHealth(
                    Map.of("kind", "directory"), Map::of, store(directory, threads)::probe, lastWrite));
        }

        private static LocalStore store(LocalLayout directory, Scheduler threads) {
            return new LocalStore(directory, threads, new NettyDataBufferFactory(ByteBufAllocator.DEFAULT));
        }
    }

    /** A bucket is configured. An empty name counts as none: that is what an unset variable leaves behind. */
    static class OnBucket implements Condition {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return StringUtils.hasText(context.getEnvironment().getProperty("sluice.storage.s3.bucket"));
        }
    }

    /** No bucket is configured. */
    static final class OnNoBucket extends OnBucket {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return !super.matches(context, metadata);
        }
    }
}
