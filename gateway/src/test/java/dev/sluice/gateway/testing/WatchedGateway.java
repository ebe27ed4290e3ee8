package dev.sluice.gateway.testing;

import dev.sluice.gateway.GatewayApplication;
import java.io.PrintWriter;
import java.io.StringWriter;
import reactor.blockhound.BlockHound;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * The gateway in a JVM that prints {@link #BLOCKED} and where, whenever a thread blocks that must not. It changes the
 * JVM's own classes, so it is for a JVM of its own, with {@code -XX:+AllowRedefinitionToAddDeleteMethods}.
 */
public final class WatchedGateway {
    /** Begins what is printed of a blocking call. */
    public static final String BLOCKED = "BLOCKED IN ";

    /** The method that blocks on purpose at the start, to show that blocking is seen. */
    public static final String ON_PURPOSE = "blockOnPurpose";

    private WatchedGateway() {}

    /** Entry point of the process. */
    public static void main(String[] args) {
        BlockHound.builder()
                .loadIntegrations()
                // Reads /dev/urandom, which never blocks once the system is up.
                .allowBlockingCallsInside("java.security.SecureRandom", "nextBytes")
                .blockingMethodCallback(method -> report(method.toString()))
                .install();
        Mono.fromRunnable(WatchedGateway::blockOnPurpose)
                .subscribeOn(Schedulers.parallel())
                .block();
        GatewayApplication.main(args);
    }

    private static void blockOnPurpose() {
        Await.pause();
    }

    private static void report(String method) {
        StringWriter stack = new StringWriter();
        new Exception(method).printStackTrace(new PrintWriter(stack));
        // One write, so that reports of several threads do not mix.
        System.out.println(BLOCKED + Thread.currentThread().getName() + " " + stack);
    }
}
