package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import java.net.URI;
import java.time.Duration;
import java.util.UUID;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.jspecify.annotations.Nullable;

/** An S3 server in this JVM that keeps objects in memory and checks every signature. */
public final class S3Server implements AutoCloseable {
    public static final String ACCESS_KEY = "local-identity";
    public static final String SECRET_KEY = "local-credential-0123456789";

    private final S3Proxy proxy;
    private @Nullable S3Connection own;

    private S3Server(S3Proxy proxy) {
        this.proxy = proxy;
    }

    /** Starts it, empty. */
    public static S3Server start() {
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

    /** Where it listens. */
    public String endpoint() {
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
                "",
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

    /** A bucket that nobody has used, for a gateway that is configured as its operator would do it. */
    public String newBucket() {
        return newBucket(own());
    }

    /** How many objects of callers are in a bucket, up to 1000; not those with which a gateway tries the store. */
    public int objects(String bucket) {
        return own().calls()
                .listObjectsV2(list -> list.bucket(bucket).prefix("t/"))
                .join()
                .keyCount();
    }

    /** Takes a bucket away with all that is in it. */
    public void remove(String bucket) {
        own().calls()
                .listObjectsV2(list -> list.bucket(bucket))
                .join()
                .contents()
                .forEach(object -> own().calls()
                        .deleteObject(delete -> delete.bucket(bucket).key(object.key()))
                        .join());
        own().calls().deleteBucket(delete -> delete.bucket(bucket)).join();
    }

    /** Makes one of that name, which is empty. */
    public void make(String bucket) {
        own().calls().createBucket(create -> create.bucket(bucket)).join();
    }

    /** Kept, for its threads take two seconds to end. */
    private S3Connection own() {
        S3Connection kept = own;
        if (kept == null) {
            kept = new S3Connection(settings("any"));
            own = kept;
        }
        return kept;
    }

    /** A bucket that nobody has used. */
    static String newBucket(S3Connection connection) {
        String bucket = "bucket-" + UUID.randomUUID();
        connection.calls().createBucket(create -> create.bucket(bucket)).join();
        return bucket;
    }

    @Override
    public void close() {
        if (own != null) {
            own.close();
        }
        try {
            proxy.stop();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
