package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Operators;
import reactor.netty.channel.AbortedException;
import reactor.util.context.Context;

@ExtendWith(OutputCaptureExtension.class)
class DroppedErrorsTest {
    private static final String LOGGED = "an error that nobody waited for";

    private static Stream<Throwable> endsOfConnections() {
        return Stream.of(
                new ClosedChannelException(),
                new IOException("Connection reset by peer"),
                new AbortedException("Connection has been closed"),
                new GatewayException(
                        ProblemCode.MALFORMED_REQUEST, "broken off", new IOException("Connection reset by peer")));
    }

    @ParameterizedTest
    @MethodSource("endsOfConnections")
    void clientThatLeftSaysNothing(Throwable error, CapturedOutput output) {
        DroppedErrors.watch();

        Operators.onErrorDropped(error, Context.empty());

        assertThat(output.getAll()).doesNotContain(LOGGED);
    }

    private static Stream<Throwable> others() {
        return Stream.of(
                new GatewayException(ProblemCode.INTERNAL_ERROR, "a fault"),
                new StorageException(Kind.UNAVAILABLE, "a fault", new IOException("Connection reset by peer")));
    }

    @ParameterizedTest
    @MethodSource("others")
    void anyOtherIsLogged(Throwable error, CapturedOutput output) {
        DroppedErrors.watch();

        Operators.onErrorDropped(error, Context.empty());

        assertThat(output.getAll()).contains(LOGGED, "a fault");
    }
}
