package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import java.net.URI;
import java.time.Duration;
import java.util.UUID;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;

/** An S3 server in this JVM that keeps objects in memory and checks every signature. */
final class S3Server implements AutoCloseable {
    static final String ACCESS_KEY = "local-identity";
    static final String SECRET_KEY = "local-credential-0123456789";

    private final S3Proxy proxy;

    private S3Server(S3Proxy proxy) {
        this.proxy = proxy;
    }

    static S3Server start() {
        TransientNio2BlobStore memory = new TransientNio2BlobStore();
        S3Proxy proxy = S3Proxy.builder()
                .blobStore(memory)
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
                .build();
        try {
            proxy.start();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
        return new S3Server(proxy);
    }

    String endpoint() {
        return "http://127.0.0.1:" + proxy.getPort();
    }

    /** Settings of a client that may use everything here. */
    S3 settings(String bucket) {
        return settings(endpoint(), bucket, SECRET_KEY, Duration.ofSeconds(10));
    }

    static S3 settings(String endpoint, String bucket, String secretKey, Duration timeout) {
        return new S3(
                bucket,
                endpoint,
                "us-east-1",
                null,
                ACCESS_KEY,
                secretKey,
                timeout,
                timeout.multipliedBy(3),
                Duration.ofSeconds(20),
                3,
                32);
    }

    /** A bucket that nobody has used. */
    static String newBucket(S3Connection connection) {
        String bucket = "bucket-" + UUID.randomUUID();
        connection.calls().createBucket(create -> create.bucket(bucket)).join();
        return bucket;
    }

    @Override
    public void close() {
        try {
            proxy.stop();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
