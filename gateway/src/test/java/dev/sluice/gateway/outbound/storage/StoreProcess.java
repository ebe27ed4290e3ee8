package dev.sluice.gateway.outbound.storage;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import reactor.blockhound.BlockHound;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Stores in a JVM of their own: one that is killed, and one that tells when a thread blocks that must not. */
final class StoreProcess {
    static final String BLOCKED = "BLOCKED IN ";
    static final String ON_PURPOSE = "blockOnPurpose";
    static final int LENGTH = 200_000;

    private StoreProcess() {}

    /** {@code churn DIRECTORY} or {@code watch DIRECTORY}. */
    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[1]);
        if ("churn".equals(args[0])) {
            churn(directory);
        } else {
            watch(directory);
        }
        System.exit(0);
    }

    /** This class in a new JVM. */
    static Process start(Path log, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:+AllowRedefinitionToAddDeleteMethods",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                StoreProcess.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    /** Puts and deletes until it is killed: of three objects the second goes again. */
    private static void churn(Path root) throws IOException {
        LocalStore store = new LocalStore(LocalLayout.open(root), Schedulers.boundedElastic(), Bodies.BUFFERS);
        long first = System.nanoTime();
        for (long i = 0; ; i++) {
            ObjectKey key = new ObjectKey("churn/" + first + "/" + i);
            store.put(key, new NewObject("image/png", LENGTH), Bodies.of(Bodies.random(LENGTH)))
                    .block();
            if (i % 3 == 1) {
                store.delete(key).block();
            }
        }
    }

    private static void watch(Path root) throws IOException {
        BlockHound.builder()
                .loadIntegrations()
                .allowBlockingCallsInside("java.security.SecureRandom", "nextBytes")
                .blockingMethodCallback(method -> report(method.toString()))
                .install();
        Mono.fromRunnable(StoreProcess::blockOnPurpose)
                .subscribeOn(Schedulers.parallel())
                .block();
        Scheduler threads = Schedulers.newBoundedElastic(4, 1000, "storage");
        use(new LocalStore(LocalLayout.open(root), threads, Bodies.BUFFERS));
        // Left open: the SDK waits for its connections as it closes, on a thread of Netty's that should not.
        S3Server server = S3Server.start();
        S3Connection connection = new S3Connection(server.settings("any"));
        var settings = server.settings(S3Server.newBucket(connection));
        use(new S3Store(connection, settings, threads, Clock.systemUTC()));
        S3PresignedUploads uploads = new S3PresignedUploads(connection.presigner(), settings.bucket(), threads);
        Mono.defer(() -> uploads.presignPut(new ObjectKey("b"), new NewObject("image/png", 1), Duration.ofMinutes(1)))
                .subscribeOn(Schedulers.parallel())
                .block();
        System.out.println("DONE");
    }

    /** Everything a store does, asked for and read on threads that must not block. */
    private static void use(ObjectStore store) {
        ObjectKey key = new ObjectKey("a");
        Mono.defer(() -> store.put(key, new NewObject("image/png", LENGTH), Bodies.of(Bodies.random(LENGTH))))
                .publishOn(Schedulers.parallel())
                .then(Mono.defer(() -> store.open(key)))
                .publishOn(Schedulers.parallel())
                .delayUntil(content -> Bodies.join(content.bytes().publishOn(Schedulers.parallel(), 1)))
                .publishOn(Schedulers.parallel())
                .delayUntil(content -> content.bytes()
                        .limitRate(1)
                        .publishOn(Schedulers.parallel(), 1)
                        .map(Bodies::take)
                        .take(1))
                .publishOn(Schedulers.parallel())
                .delayUntil(content -> store.list(""))
                .delayUntil(content -> store.put(key, new NewObject("image/png", 1), Bodies.of(new byte[1]))
                        .onErrorComplete(StorageException.class))
                .delayUntil(content -> store.put(
                                new ObjectKey("short"), new NewObject("image/png", 9), Bodies.of(new byte[1]))
                        .onErrorComplete(StorageException.class))
                .publishOn(Schedulers.parallel())
                .flatMap(content -> store.delete(key))
                .subscribeOn(Schedulers.parallel())
                .block();
    }

    private static void blockOnPurpose() {
        LockSupport.parkNanos(1_000_000);
    }

    private static void report(String method) {
        StringWriter stack = new StringWriter();
        new Exception(method).printStackTrace(new PrintWriter(stack));
        // One write, so that reports of several threads do not mix.
        System.out.println(BLOCKED + Thread.currentThread().getName() + " " + stack);
    }
}
