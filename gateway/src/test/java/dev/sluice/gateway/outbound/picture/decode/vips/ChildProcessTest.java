package dev.sluice.gateway.outbound.picture.decode.vips;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.outbound.picture.decode.vips.ChildProcess.Limits;
import dev.sluice.gateway.outbound.picture.decode.vips.ChildProcess.Outcome;
import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Children of every kind but good ones, kept within their bounds. */
@EnabledOnOs(OS.LINUX)
class ChildProcessTest {
    private static final Limits AMPLE = new Limits(
            DataSize.ofMegabytes(512), DataSize.ofMegabytes(16), Duration.ofSeconds(20), Duration.ofSeconds(30));
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/local/bin:/usr/bin:/bin");
    private static final int KILLED = 128 + 9;

    @TempDir
    private Path directory;

    private final NetworklessLauncher launcher = new NetworklessLauncher();
    private final ChildProcess processes = new ChildProcess(launcher);

    @AfterEach
    void close() {
        launcher.close();
    }

    private Outcome run(Limits limits, String... command) throws IOException, InterruptedException {
        return processes.run(List.of(command), ENVIRONMENT, directory, limits);
    }

    private Outcome shell(Limits limits, String script) throws IOException, InterruptedException {
        return run(limits, "/bin/sh", "-c", script);
    }

    @Test
    void whatItSaysAndHowItEndsIsTold() throws IOException, InterruptedException {
        Outcome outcome = shell(AMPLE, "echo out; echo error >&2; pwd; exit 3");

        assertThat(outcome.status()).isEqualTo(3);
        assertThat(outcome.isLate()).isFalse();
        assertThat(outcome.output()).isEqualTo("out\nerror\n" + directory.toRealPath() + "\n");
    }

    @Test
    void itFindsNothingOfTheGatewaysEnvironment() throws IOException, InterruptedException {
        Outcome outcome = shell(AMPLE, "env");

        assertThat(outcome.output().lines().map(line -> line.replaceFirst("=.*", "")))
                .isSubsetOf("PATH", "PWD", "OLDPWD", "SHLVL", "_");
    }

    @Test
    void hangingChildIsKilledWithAllThatItStarted() throws IOException, InterruptedException {
        Limits hasty = new Limits(AMPLE.memory(), AMPLE.file(), AMPLE.processor(), Duration.ofSeconds(3));

        Outcome outcome = shell(hasty, "sleep 300 & echo $! > child; echo $$ > parent; wait");

        assertThat(outcome.isLate()).isTrue();
        for (String name : List.of("parent", "child")) {
            long pid = Long.parseLong(Files.readString(directory.resolve(name)).strip());
            gone(pid);
        }
    }

    /** A killed process may be a zombie for a moment. */
    private static void gone(long pid) {
        Await.until(
                Duration.ofSeconds(30),
                pid + " is gone",
                () -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    }

    /**
     * A pool that grows on the thread without network, or on the one that waits for its process, spoils its threads.
     */
    @Test
    void noThreadButThoseOfTheProcessLosesItsNetwork() throws Exception {
        shell(AMPLE, "exit 0");
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                shell(AMPLE, "exit 0");
                refused.complete(new AssertionError("it ran"));
            } catch (IOException | InterruptedException | RuntimeException failed) {
                refused.complete(failed);
            }
        });
        assertThat(refused.get(30, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class);

        assertThat(FilteredThreads.names()).contains("decoder-start").isSubsetOf("decoder-start", "process reaper");
    }

    @Test
    void interruptedCallerLeavesNoChildBehind() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                shell(AMPLE, "echo $$ > parent; exec sleep 300");
                failure.complete(new AssertionError("it ended"));
            } catch (IOException | InterruptedException interrupted) {
                failure.complete(interrupted);
            }
        });
        Path parent = directory.resolve("parent");
        Await.until(Duration.ofSeconds(20), "it runs", () -> parent.toFile().length() > 0);

        caller.interrupt();

        assertThat(failure.get(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        gone(Long.parseLong(Files.readString(parent).strip()));
    }

    @Test
    void childThatComputesForEverIsEndedByTheKernel() throws IOException, InterruptedException {
        Limits second = new Limits(AMPLE.memory(), AMPLE.file(), Duration.ofSeconds(1), Duration.ofSeconds(30));

        Outcome outcome = shell(second, "while :; do :; done");

        assertThat(outcome.status()).isEqualTo(128 + 24); // SIGXCPU
    }

    @Test
    void childThatEatsMemoryGetsNoMore() throws IOException, InterruptedException {
        Limits little = new Limits(DataSize.ofMegabytes(64), AMPLE.file(), AMPLE.processor(), AMPLE.wall());
        assumeThat(run(AMPLE, "python3", "-c", "print(1)").status())
                .as("python3 is installed")
                .isZero();

        Outcome outcome = run(little, "python3", "-c", "x = bytearray(500 * 1024 * 1024)");

        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.output()).contains("MemoryError");
    }

    @Test
    void childThatFillsTheDiskIsEndedByTheKernel() throws IOException, InterruptedException {
        Limits little = new Limits(AMPLE.memory(), DataSize.ofMegabytes(1), AMPLE.processor(), AMPLE.wall());

        Outcome outcome = shell(little, "exec dd if=/dev/zero of=large bs=65536 count=64 2>/dev/null");

        assertThat(outcome.status()).isEqualTo(128 + 25); // SIGXFSZ
        assertThat(Files.size(directory.resolve("large"))).isLessThanOrEqualTo(1 << 20);
    }

    @Test
    void childThatTalksForEverIsHeardOutForAWhile() throws IOException, InterruptedException {
        Limits little = new Limits(AMPLE.memory(), DataSize.ofMegabytes(1), AMPLE.processor(), AMPLE.wall());

        Outcome outcome = run(little, "yes");

        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.output()).hasSizeLessThanOrEqualTo(16 * 1024);
    }

    @Test
    void killedChildIsToldAsSuch() throws IOException, InterruptedException {
        assertThat(shell(AMPLE, "kill -9 $$").status()).isEqualTo(KILLED);
    }

    @Test
    void commandThatIsNotThereIsToldByItsStatus() throws IOException, InterruptedException {
        assertThat(run(AMPLE, "no-such-command-here").status()).isIn(126, 127);
    }

    @Test
    void childHasNoNetworkAndTheGatewayHas() throws IOException, InterruptedException {
        assumeThat(run(AMPLE, "python3", "-c", "print(1)").status())
                .as("python3 is installed")
                .isZero();
        assumeThat(Optional.ofNullable(launcher.refusal()))
                .as("a filter can be installed")
                .isEmpty();
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {

            Outcome outcome = run(
                    AMPLE,
                    "python3",
                    "-c",
                    "import socket; socket.create_connection(('127.0.0.1', %d), 5); print('connected')"
                            .formatted(server.getLocalPort()));

            assertThat(outcome.status()).isNotZero();
            assertThat(outcome.output()).contains("PermissionError").doesNotContain("connected");
            try (Socket ours = new Socket(server.getInetAddress(), server.getLocalPort())) {
                assertThat(ours.isConnected()).isTrue();
            }
        }
    }
}
